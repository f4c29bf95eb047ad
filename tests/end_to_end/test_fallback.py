"""Another target answers in the same call, as long as nothing was sent."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.answers import events, refusal
from tests.end_to_end.questions import CAPITAL, fresh
from tests.gateway import Gateway
from tests.upstreams import Upstream

PATHS = pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
MODES = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


def question(model: str, *, stream: bool = False, text: str = CAPITAL) -> dict[str, object]:
    return {"model": model, "max_tokens": 100, "stream": stream, "messages": [{"role": "user", "content": text}]}


@PATHS
@MODES
def test_the_local_model_answers_when_the_cloud_is_unavailable(
    gateway: Gateway, cloud: Upstream, path: str, stream: bool
) -> None:
    cloud.script(refusal(503), refusal(503))
    answer = gateway.post(path, question(fresh("safe"), stream=stream))
    assert answer.status_code == 200
    assert "capital" in answer.text
    assert answer.headers["x-mlxmanager-backend"] == "local"
    assert answer.headers["x-mlxmanager-fallback-reason"] == "upstream_unavailable"
    assert answer.headers["x-mlxmanager-attempts"] == "3"


def test_the_reason_of_a_fallback_is_the_code_that_clients_know(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(refusal(429, headers=(("retry-after", "60"),)))
    answer = gateway.post("/v1/messages", question(fresh("safe")))
    assert answer.headers["x-mlxmanager-fallback-reason"] == "rate_limit_exceeded"


@PATHS
def test_a_stream_that_breaks_before_any_content_still_falls_back(gateway: Gateway, cloud: Upstream, path: str) -> None:
    role = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'
    role += b'"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n'
    error = b'data: {"error":{"message":"overloaded","type":"server_error","code":null}}\n\n'
    cloud.script(events(role, error))
    answer = gateway.post(path, question(fresh("safe"), stream=True))
    assert "capital" in answer.text
    assert "overloaded" not in answer.text
    assert answer.headers["x-mlxmanager-backend"] == "local"


@PATHS
def test_pings_without_content_reach_the_client_after_a_while(gateway: Gateway, cloud: Upstream, path: str) -> None:
    model, ping = (
        ("gpt-5", b": ping\n\n") if "chat" in path else ("claude-x", b'event: ping\ndata: {"type":"ping"}\n\n')
    )
    cloud.script(events(ping, endless=True, pause=0.01))
    headers = {"authorization": f"Bearer {gateway.key}"}
    asked = question(model, stream=True)
    with httpx2.stream("POST", f"{gateway.url}{path}", json=asked, headers=headers, timeout=4) as answer:
        assert b"ping" in next(answer.iter_bytes())


@PATHS
def test_the_cloud_answers_while_the_worker_is_dead(gateway: Gateway, path: str) -> None:
    [worker] = gateway.children("runworker")
    os.kill(worker, signal.SIGKILL)
    answer = gateway.post(path, question("local-first"))
    assert answer.status_code == 200
    assert "Hello from upstream" in answer.text
    assert answer.headers["x-mlxmanager-backend"] == "anthropic"
    assert answer.headers["x-mlxmanager-fallback-reason"] == "local_worker_unavailable"


def test_a_request_the_worker_holds_goes_to_the_cloud_when_it_dies(gateway: Gateway) -> None:
    [worker] = gateway.children("runworker")
    os.kill(worker, signal.SIGSTOP)
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(gateway.post, "/v1/messages", question("local-first"))
        time.sleep(0.5)  # The stopped worker's socket has the request by now; nothing tells when.
        assert not asking.done()
        os.kill(worker, signal.SIGKILL)
        answer = asking.result(timeout=20)
    assert "Hello from upstream" in answer.text
    assert answer.headers["x-mlxmanager-attempts"] == "2"


@pytest.mark.parametrize(
    ("path", "marker"),
    [("/v1/chat/completions", '"error"'), ("/v1/messages", "event: error")],
    ids=["openai", "anthropic"],
)
def test_nothing_falls_back_once_something_was_sent(gateway: Gateway, cloud: Upstream, path: str, marker: str) -> None:
    [worker] = gateway.children("runworker")
    asked = question("local-first", stream=True, text="Tell me a story about a fox.")
    headers = {"authorization": f"Bearer {gateway.key}"}
    with httpx2.stream("POST", f"{gateway.url}{path}", json=asked, headers=headers, timeout=20) as answer:
        parts = answer.iter_text()
        text = next(parts)
        os.kill(worker, signal.SIGKILL)
        text += "".join(parts)
    assert answer.status_code == 200
    assert marker in text
    assert "message_stop" not in text
    assert '"finish_reason":"stop"' not in text
    assert cloud.requests == []


@PATHS
def test_a_refusal_of_the_request_itself_is_final(gateway: Gateway, cloud: Upstream, path: str) -> None:
    cloud.script(refusal(400))
    answer = gateway.post(path, question(fresh("safe")))
    assert answer.status_code == 400
    assert answer.headers["x-mlxmanager-backend"] == "openai"
    assert answer.headers["x-mlxmanager-attempts"] == "1"


@PATHS
def test_without_a_fallback_the_failure_is_shown_in_the_callers_protocol(
    gateway: Gateway, cloud: Upstream, path: str
) -> None:
    model = "claude-x" if path == "/v1/chat/completions" else "gpt-x"
    cloud.script(refusal(503, b"<html>busy</html>"), refusal(503, b"<html>busy</html>"))
    answer = gateway.post(path, question(model))
    assert answer.status_code in (502, 503)
    assert ("error" in answer.json()) is True
    assert (answer.json().get("type") == "error") is (path == "/v1/messages")
