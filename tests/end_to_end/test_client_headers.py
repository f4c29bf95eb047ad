"""What a client's headers do: which reach an upstream, which only tell us something, and which carry the key."""

import time

import httpx2
import pytest

from tests.answers import plain, refusal
from tests.end_to_end.conftest import PAGE, PROVIDER_KEY
from tests.end_to_end.questions import CAPITAL, fresh
from tests.gateway import Gateway, wait_until
from tests.upstreams import Upstream

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
# Each row of what is never sent on or only read, with two that always travel and one that only its protocol knows.
SENT = {
    "api-key": "a-key-that-is-not-looked-at",
    "proxy-authorization": "Basic YTpi",
    "cookie": "sessionid=1",
    "te": "trailers",
    "forwarded": "for=10.1.2.3",
    "x-forwarded-for": "10.1.2.3",
    "x-real-ip": "10.1.2.3",
    "via": "1.1 proxy",
    "cf-connecting-ip": "10.1.2.3",
    "accept-encoding": "br",
    "origin": "https://page.example",
    "referer": "https://page.example/",
    "sec-fetch-mode": "cors",
    "user-agent": "claude-cli/2.0",
    "x-app": "cli",
    "x-claude-code-session-id": "s",
    "session_id": "s",
    "originator": "codex",
    "anthropic-dangerous-direct-browser-access": "true",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate": "a=b",
    "baggage": "a=b",
    "x-stainless-lang": "python",
    "x-stainless-timeout": "600",
    "openai-organization": "org-of-the-client",
    "openai-project": "proj-of-the-client",
    "anthropic-workspace-id": "wrkspc-of-the-client",
    "anthropic-user-profile-id": "profile-of-the-client",
    "openai-beta": "assistants=v2",
    "x-client-request-id": "client-1",
    "idempotency-key": "idem-1",
    "anthropic-beta": "files-api-2025-04-14",
    "anthropic-version": "2026-10-21",
    "accept": "application/json",
    "content-type": "application/json; charset=utf-8",
}
OURS = {"host", "content-length", "user-agent", "accept-encoding", "accept", "content-type"}
FROM_THE_CLIENT = {
    CHAT: {"openai-beta", "x-client-request-id", "idempotency-key"},
    MESSAGES: {"anthropic-beta", "anthropic-version"},
}


def question(model: str) -> dict[str, object]:
    return {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": CAPITAL}]}


def received(cloud: Upstream) -> dict[str, str]:
    return {name.lower(): value for name, value in cloud.requests[-1].headers}


@pytest.mark.parametrize(
    ("path", "model", "key"), [(CHAT, "gpt-5", "authorization"), (MESSAGES, "claude-5", "x-api-key")]
)
def test_of_one_protocol_only_what_the_tables_name_reaches_the_upstream(
    gateway: Gateway, cloud: Upstream, path: str, model: str, key: str
) -> None:
    assert gateway.post(path, question(model), **SENT).status_code == 200
    headers = received(cloud)
    assert set(headers) == OURS | FROM_THE_CLIENT[path] | {key}
    assert all(headers[name] == SENT[name] for name in FROM_THE_CLIENT[path] | {"accept", "content-type"})
    assert PROVIDER_KEY in headers[key]
    assert headers["user-agent"] == "mlxmanager"
    assert headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("path", "model", "own"),
    [(CHAT, "claude-5", {"x-api-key", "anthropic-version"}), (MESSAGES, "gpt-5", {"authorization"})],
)
def test_across_protocols_nothing_of_the_clients_reaches_the_upstream(
    gateway: Gateway, cloud: Upstream, path: str, model: str, own: set[str]
) -> None:
    assert gateway.post(path, question(model), **SENT).status_code == 200
    headers = received(cloud)
    assert set(headers) == OURS | own
    assert headers["content-type"] == "application/json"
    assert headers.get("anthropic-version") in (None, "2023-06-01")


def test_what_connection_names_was_meant_for_us(gateway: Gateway, cloud: Upstream) -> None:
    gateway.post(CHAT, question("gpt-5"), **SENT, connection="keep-alive, OpenAI-Beta")
    assert "openai-beta" not in received(cloud)
    assert received(cloud)["x-client-request-id"] == "client-1"


def test_an_idempotency_key_holds_for_the_first_target_alone(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(refusal(500))
    assert gateway.post(CHAT, question(fresh("twice")), **SENT).headers["x-mlxmanager-attempts"] == "2"
    first, second = cloud.requests
    assert (first.header("idempotency-key"), second.header("idempotency-key")) == ("idem-1", None)
    assert second.header("x-client-request-id") == "client-1"


def test_a_key_may_come_as_api_key(gateway: Gateway) -> None:
    assert httpx2.get(f"{gateway.url}/v1/models", headers={"api-key": gateway.key}).status_code == 200
    assert httpx2.get(f"{gateway.url}/v1/models", headers={"api-key": "some-other-key-of-20-chars"}).status_code == 401


@pytest.mark.parametrize("header", ["x-stainless-read-timeout", "x-stainless-timeout"])
def test_nobody_is_asked_for_longer_than_the_client_waits(gateway: Gateway, cloud: Upstream, header: str) -> None:
    cloud.script(plain(b"{}", delay=10))
    began = time.monotonic()
    answer = gateway.post(CHAT, question("gpt-5"), **{header: "0.5"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "upstream_timeout")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_listed_page_may_call_from_a_browser(gateway: Gateway, stream: bool) -> None:
    asked = {"origin": PAGE, "access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}
    assert httpx2.options(f"{gateway.url}{MESSAGES}", headers=asked).status_code == 200
    browser = {"origin": PAGE, "anthropic-dangerous-direct-browser-access": "true"}
    answer = gateway.post(MESSAGES, {**question("claude-5"), "stream": stream}, **browser)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "x-mlxmanager-backend" in answer.headers["access-control-expose-headers"]


def test_a_retry_of_the_clients_is_logged(gateway: Gateway, cloud: Upstream) -> None:
    before = gateway.log.count("client retry")
    gateway.post(CHAT, question("gpt-5"), **{"x-stainless-retry-count": "0"})
    gateway.post(CHAT, question("gpt-5"), **{"x-stainless-retry-count": "2"})
    assert gateway.log.count("client retry") == before + 1
    (line,) = [line for line in gateway.log.splitlines() if "client retry" in line][before:]
    assert "retry=2" in line
    assert "model=gpt-5" in line


def test_the_upstreams_id_of_a_request_is_logged_answered_or_refused(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(
        plain(b'{"id":"x","choices":[]}', headers=(("x-request-id", "req_answered"),)),
        refusal(400, headers=(("x-request-id", "req_refused"),)),
    )
    assert gateway.post(CHAT, question("gpt-5")).headers["x-upstream-request-id"] == "req_answered"
    assert gateway.post(CHAT, question("gpt-5")).headers["x-upstream-request-id"] == "req_refused"
    wait_until(lambda: "upstream_id=req_answered" in gateway.log)
    assert "upstream_id=req_refused" in gateway.log
