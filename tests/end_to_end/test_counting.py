"""`count_tokens` through Anthropic's own SDK: exact where somebody counts, an estimate where nobody does."""

import os
import signal
from typing import Any

import anthropic
import pytest

from inference.estimate import estimate
from tests.answers import Answer, plain, refusal
from tests.end_to_end.questions import fresh
from tests.gateway import Gateway
from tests.upstreams import Upstream

PATH = "/v1/messages/count_tokens"
DEMO = "mlxmanager/demo"
TOOL: dict[str, Any] = {"name": "get_weather", "description": "Weather", "input_schema": {"type": "object"}}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}


def asking(model: str, text: str = "What is the capital of France?", **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}]} | fields


def test_a_local_model_counts_what_it_would_read(gateway: Gateway, anthropic_client: anthropic.Anthropic) -> None:
    asked = asking(DEMO, "What is the weather in Paris?", system="Be brief.", tools=[TOOL])
    counted = anthropic_client.messages.count_tokens(**asked)
    read = anthropic_client.messages.create(**asked, max_tokens=5).usage
    assert counted.input_tokens == read.input_tokens + (read.cache_read_input_tokens or 0)
    answer = gateway.post(PATH, asked)
    assert answer.json() == {"input_tokens": counted.input_tokens}
    assert answer.headers["x-mlxmanager-token-count"] == "exact"


def test_anthropic_is_asked_with_the_very_bytes(gateway: Gateway, cloud: Upstream) -> None:
    body = b'{ "messages":[{"role":"user","content":"caf\\u00e9"}] ,"model":"renamed-claude","x":{"a":1,"a":2}}'
    counted = b'{"input_tokens": 14,  "odd":1}'
    cloud.script(plain(counted, headers=(("request-id", "req_up"), ("anthropic-ratelimit-requests-limit", "5"))))
    headers = {"anthropic-beta": "some-beta"}
    answer = gateway.post(PATH, body, **headers)
    assert answer.content == counted
    assert answer.headers["x-mlxmanager-token-count"] == "exact"
    assert answer.headers["x-upstream-request-id"] == "req_up"
    assert answer.headers["anthropic-ratelimit-requests-limit"] == "5"
    assert cloud.requests[-1].target == "/v1/messages/count_tokens"
    assert cloud.requests[-1].header("anthropic-beta") == "some-beta"
    assert cloud.requests[-1].body == body.replace(b"renamed-claude", b"claude-real-name")


def test_a_count_is_kept_for_whoever_asks_again(gateway: Gateway, cloud: Upstream) -> None:
    asked = asking("claude-again")
    first, second = gateway.post(PATH, asked), gateway.post(PATH, asked)
    assert (first.headers["x-mlxmanager-attempts"], second.headers["x-mlxmanager-attempts"]) == ("1", "0")
    assert first.json() == second.json()
    assert len(cloud.requests) == 1
    gateway.post(PATH, asking("claude-again", "Something else"))
    assert len(cloud.requests) == 2


def test_nobody_counts_for_openai(gateway: Gateway, cloud: Upstream) -> None:
    asked = asking("gpt-5", tools=[TOOL])
    check_estimate(gateway, asked)
    assert not cloud.requests


@pytest.mark.parametrize(
    "answers",
    [
        [refusal(404)],
        [plain(b"<html>Not found</html>", status=404)],
        [refusal(405)],
        [plain(b"", status=405)],
        [refusal(401)],
        [refusal(529)],
        [Answer(raw=b"", ending="close")] * 2,
        [refusal(503)] * 2,
    ],
    ids=["404", "404 page", "405", "405 empty", "401", "529", "unreachable", "503"],
)
def test_an_upstream_that_does_not_count_is_no_error(
    gateway: Gateway, cloud: Upstream, request: pytest.FixtureRequest, answers: list[Answer]
) -> None:
    cloud.script(*answers)
    check_estimate(gateway, asking(fresh("claude-silent"), request.node.callspec.id))
    assert len(cloud.requests) == len(answers)


def check_estimate(gateway: Gateway, asked: dict[str, Any]) -> None:
    answer = gateway.post(PATH, asked)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"input_tokens": estimate(asked)}
    assert answer.headers["x-mlxmanager-token-count"] == "estimate"


def test_a_worker_that_is_down_is_no_error(gateway: Gateway) -> None:
    for pid in gateway.children("runworker"):
        os.kill(pid, signal.SIGKILL)
    check_estimate(gateway, asking(DEMO, "Is anybody there?"))


def test_what_the_local_model_cannot_read_is_counted_too(gateway: Gateway) -> None:
    check_estimate(gateway, {"model": DEMO, "messages": [{"role": "user", "content": [IMAGE]}]})


@pytest.mark.parametrize("model", [DEMO, "gpt-5"])
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"messages": []}, "messages: "),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content: "),
        ({"messages": [{"role": "user"}]}, "messages.0.content: "),
        ({"messages": [{"role": "user", "content": "x"}], "tools": 5}, "tools: "),
        ({}, "messages: "),
    ],
)
def test_a_bad_request_is_refused_by_name(gateway: Gateway, model: str, fields: dict[str, Any], says: str) -> None:
    answer = gateway.post(PATH, {"model": model} | fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["message"].startswith(says)


def test_anthropics_own_refusal_comes_back_as_it_was_given(gateway: Gateway, cloud: Upstream) -> None:
    body = b'{"type":"error", "error":{"type":"invalid_request_error","message":"no"}}'
    cloud.script(refusal(400, body))
    answer = gateway.post(PATH, asking("claude-refuses"))
    assert (answer.status_code, answer.content) == (400, body)


def test_an_unknown_model_is_unknown(gateway: Gateway) -> None:
    answer = gateway.post(PATH, asking("nobodys-model"))
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")


def test_counting_costs_nothing(gateway: Gateway) -> None:
    before = gateway.log.count("input_tokens=")
    gateway.post(PATH, asking(DEMO, "How much is this?"))
    assert gateway.log.count("input_tokens=") == before
