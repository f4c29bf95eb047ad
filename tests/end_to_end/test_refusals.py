"""What is wrong with a request is said in the caller's protocol: status, code and body, and nothing else."""

import contextlib
import socket
from typing import Any

import httpx2
import pytest

from tests.answers import plain, refusal
from tests.end_to_end.questions import fresh
from tests.gateway import Gateway
from tests.upstreams import Upstream

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
PATHS = pytest.mark.parametrize("path", [CHAT, MESSAGES])
USER = [{"role": "user", "content": "Hello"}]


def check(answer: httpx2.Response, path: str, status: int, code: str, kind: str) -> dict[str, Any]:
    """`code` as OpenAI clients see it, `kind` as Anthropic clients do."""
    body: dict[str, Any] = answer.json()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"].startswith("req_")
    if path.startswith(MESSAGES):
        assert body["type"] == "error"
        assert body["error"]["type"] == kind
        assert body["request_id"] == answer.headers["request-id"]
    else:
        assert body["error"]["code"] == code
        assert set(body["error"]) == {"message", "type", "param", "code"}
    return body


@PATHS
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"{}x",
        b'{"model": NaN}',
        b"\xff\xfe",
        b'{"model":"demo","x":"\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_a_json_object(gateway: Gateway, path: str, body: bytes) -> None:
    check(gateway.post(path, body), path, 400, "invalid_json", "invalid_request_error")


@PATHS
def test_a_missing_model(gateway: Gateway, path: str) -> None:
    body = check(
        gateway.post(path, {"messages": USER}), path, 400, "missing_required_parameter", "invalid_request_error"
    )
    assert "model" in body["error"]["message"]


@PATHS
@pytest.mark.parametrize("fields", [{"model": 1}, {"model": None}, {"stream": "yes"}, {"stream": 1}])
def test_a_wrong_type_at_the_top(gateway: Gateway, path: str, fields: dict[str, Any]) -> None:
    asked = {"model": "demo", "messages": USER, "max_tokens": 5} | fields
    check(gateway.post(path, asked), path, 400, "invalid_type", "invalid_request_error")


@PATHS
def test_a_wrong_type_inside_names_the_field(gateway: Gateway, path: str) -> None:
    asked = {"model": "demo", "max_tokens": 5, "messages": [*USER, {"role": "user", "content": [{"type": 7}]}]}
    body = check(gateway.post(path, asked), path, 400, "invalid_type", "invalid_request_error")
    if path == MESSAGES:
        assert body["error"]["message"].startswith("messages.1.content.0.type: ")
    else:
        assert body["error"]["param"] == "messages[1].content[0].type"


@PATHS
@pytest.mark.parametrize("model", ["", "gpt-\nx", "gpt-\x00", "x" * 300, "x" * 3_000_000], ids=len)
def test_a_model_name_that_is_none(gateway: Gateway, path: str, model: str) -> None:
    asked = {"model": model, "messages": USER, "max_tokens": 5}
    answer = gateway.post(path, asked)
    check(answer, path, 400, "invalid_value", "invalid_request_error")
    assert len(answer.content) < 500


@pytest.mark.parametrize("query", ["limit=0", "limit=" + "9" * 5000, "limit=%FF", "after_id=nobody", "a&" * 1500])
def test_a_query_that_makes_no_sense(gateway: Gateway, query: str) -> None:
    headers = {"authorization": f"Bearer {gateway.key}", "anthropic-version": "2023-06-01"}
    answer = httpx2.get(f"{gateway.url}/v1/models?{query}", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["type"] == "error"
    assert answer.json()["error"]["message"].count(query.partition("=")[0]) <= 1


@PATHS
def test_an_endless_content_type(gateway: Gateway, path: str) -> None:
    answer = gateway.post(path, {"model": "demo"}, **{"content-type": "application/json; " + "x=y;" * 8000})
    assert answer.status_code == 400


def test_endless_headers_end_the_connection(gateway: Gateway) -> None:
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\nx-endless: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                connection.sendall(b"a" * 10_000)
        with contextlib.suppress(ConnectionError):
            assert connection.recv(100).startswith(b"HTTP/1.1 431 ")
    assert httpx2.get(f"{gateway.url}/health/live").status_code == 200


@PATHS
def test_a_rate_limit_says_when_to_come_back_in_any_protocol(gateway: Gateway, cloud: Upstream, path: str) -> None:
    for model in ("gpt-5", "claude-sonnet"):
        cloud.script(refusal(429, headers=(("retry-after", "7"),)))
        answer = gateway.post(path, {"model": model, "messages": USER, "max_tokens": 5})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


@PATHS
def test_model_twice(gateway: Gateway, path: str) -> None:
    raw = b'{"model":"demo","messages":[],"mod\\u0065l":"gpt-5"}'
    assert gateway.post(path, raw).status_code == 400


@PATHS
def test_an_unknown_model_lists_near_names(gateway: Gateway, path: str) -> None:
    asked = {"model": "demos", "messages": USER, "max_tokens": 5}
    body = check(gateway.post(path, asked), path, 404, "model_not_found", "not_found_error")
    assert "demo" in body["error"]["message"]
    if path == MESSAGES:
        assert body["error"]["message"].startswith("model: demos")


@PATHS
@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": ""},
        {"authorization": "Bearer mlxm_" + "a" * 38},
        {"authorization": "Bearer some-other-key-of-20-characters"},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer \xe9" + "x" * 20},
        {"authorization": "", "cookie": "sessionid=whatever"},
    ],
)
def test_an_unknown_key_in_any_form_looks_alike(gateway: Gateway, path: str, headers: dict[str, str]) -> None:
    sent = {"content-type": "application/json"} | {n: v for n, v in headers.items() if v}
    raw = {name.encode(): value.encode("latin-1") for name, value in sent.items()}
    answer = httpx2.post(f"{gateway.url}{path}", content=b"{}", headers=raw)
    body = check(answer, path, 401, "invalid_api_key", "authentication_error")
    assert body["error"]["message"] == "The client key is missing or not valid."


def test_either_header_carries_the_key(gateway: Gateway) -> None:
    for headers in ({"x-api-key": gateway.key}, {"authorization": f"Bearer {gateway.key}"}):
        assert httpx2.get(f"{gateway.url}/v1/models", headers=headers).status_code == 200


@PATHS
def test_an_unknown_key_is_refused_before_its_body_is_read(gateway: Gateway, path: str) -> None:
    answer = httpx2.post(
        f"{gateway.url}{path}", content=b"x" * 40_000_000, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 401


@PATHS
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type(gateway: Gateway, path: str, content_type: str) -> None:
    answer = gateway.post(path, {"model": "demo"}, **{"content-type": content_type})
    check(answer, path, 415, "unsupported_media_type", "invalid_request_error")


@PATHS
def test_a_compressed_body(gateway: Gateway, path: str) -> None:
    answer = gateway.post(path, {"model": "demo"}, **{"content-encoding": "gzip"})
    check(answer, path, 400, "unsupported_media_type", "invalid_request_error")


@PATHS
def test_a_body_over_the_cap_whether_announced_or_not(gateway: Gateway, path: str) -> None:
    large = b'{"model":"demo","x":"' + b"x" * 34_000_000 + b'"}'
    check(gateway.post(path, large), path, 413, "request_too_large", "request_too_large")
    headers = {"authorization": f"Bearer {gateway.key}", "content-type": "application/json"}
    parts = (large[i : i + 1_000_000] for i in range(0, len(large), 1_000_000))
    answer = httpx2.post(f"{gateway.url}{path}", content=parts, headers=headers, timeout=30)
    check(answer, path, 413, "request_too_large", "request_too_large")


@PATHS
def test_the_wrong_method(gateway: Gateway, path: str) -> None:
    answer = httpx2.get(f"{gateway.url}{path}", headers={"authorization": f"Bearer {gateway.key}"})
    check(answer, path, 405, "method_not_allowed", "invalid_request_error")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1", "/v1/messages/nothing", "/v1/v1/chat/completions"])
def test_an_unknown_address(gateway: Gateway, path: str) -> None:
    body = check(gateway.post(path, {}), path, 404, "unknown_url", "not_found_error")
    assert ("twice" in body["error"]["message"]) is path.startswith("/v1/v1")


def test_shared_and_unknown_addresses_answer_by_header(gateway: Gateway) -> None:
    answer = gateway.post("/v1/nothing", {}, **{"anthropic-version": "2023-06-01"})
    assert answer.json()["error"]["type"] == "not_found_error"


@PATHS
def test_a_host_that_is_not_ours(gateway: Gateway, path: str) -> None:
    body = check(
        gateway.post(path, {"model": "demo"}, host="evil.example"),
        path,
        400,
        "host_not_allowed",
        "invalid_request_error",
    )
    assert "MLXMANAGER_ALLOWED_HOSTS" in body["error"]["message"]


@PATHS
def test_a_model_whose_credential_is_missing(gateway: Gateway, path: str) -> None:
    answer = gateway.post(path, {"model": "nobody-x", "messages": USER, "max_tokens": 5})
    check(answer, path, 503, "no_upstream_credential", "api_error")
    assert answer.headers["x-should-retry"] == "false"


@PATHS
def test_an_upstream_that_refuses_the_connection(gateway: Gateway, path: str) -> None:
    asked = {"model": "closed-x", "messages": USER, "max_tokens": 5}
    check(gateway.post(path, asked), path, 502, "upstream_unreachable", "api_error")


@PATHS
def test_an_upstream_that_refuses_our_key_is_not_the_clients_401(gateway: Gateway, cloud: Upstream, path: str) -> None:
    for model in (fresh("gpt"), fresh("claude")):
        cloud.script(refusal(401))
        asked = {"model": model, "messages": USER, "max_tokens": 5}
        answer = gateway.post(path, asked)
        check(answer, path, 502, "upstream_auth_failed", "api_error")
        assert answer.headers["x-should-retry"] == "false"


@PATHS
def test_a_status_that_no_server_may_send_is_not_sent_on(gateway: Gateway, cloud: Upstream, path: str) -> None:
    for model in (fresh("gpt"), fresh("claude")):
        cloud.script(refusal(999))
        answer = gateway.post(path, {"model": model, "messages": USER, "max_tokens": 5})
        check(answer, path, 502, "upstream_error", "api_error")


@PATHS
@pytest.mark.parametrize("garbage", [b"", b"<html>", b'{"half":', b"null", b'{"error":{"message":"x"}}'])
@pytest.mark.parametrize("model", ["gpt-5", "claude-sonnet"])
def test_an_upstream_that_answers_nonsense(
    gateway: Gateway, cloud: Upstream, path: str, garbage: bytes, model: str
) -> None:
    cloud.script(plain(garbage))
    asked = {"model": model, "messages": USER, "max_tokens": 5}
    check(gateway.post(path, asked), path, 502, "upstream_invalid_response", "api_error")


@PATHS
def test_a_prompt_longer_than_the_local_models_context(gateway: Gateway, path: str) -> None:
    asked = {"model": "demo", "max_tokens": 5, "messages": [{"role": "user", "content": "word " * 20_000}]}
    body = check(gateway.post(path, asked), path, 400, "context_length_exceeded", "invalid_request_error")
    assert body["error"]["message"].startswith("prompt is too long: ")
