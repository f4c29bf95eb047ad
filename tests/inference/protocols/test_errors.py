"""Every kind of error, as each protocol shows it."""

import json
import math
from typing import Any

import pytest

from inference.errors import BackendError, GatewayError, Kind
from inference.protocols import anthropic_messages, openai_chat
from inference.protocols.codec import ErrorBody

CODECS = {"openai_chat": openai_chat, "anthropic_messages": anthropic_messages}
O_TYPES = {"invalid_request_error", "server_error", "rate_limit_error", "insufficient_quota"}
A_TYPES = {
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "rate_limit_error",
    "timeout_error",
    "api_error",
    "overloaded_error",
}


def render(protocol: str, error: GatewayError) -> tuple[ErrorBody, dict[str, Any]]:
    rendered = CODECS[protocol].render_error(error, "req_1")
    return rendered, json.loads(rendered.body)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_an_openai_shape(kind: Kind) -> None:
    rendered, body = render("openai_chat", GatewayError(kind, "Words."))
    assert 400 <= rendered.status <= 504
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert body["error"]["message"] == "Words."
    assert body["error"]["type"] in O_TYPES
    assert isinstance(body["error"]["code"], str)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_an_anthropic_shape(kind: Kind) -> None:
    rendered, body = render("anthropic_messages", GatewayError(kind, "Words."))
    assert 400 <= rendered.status <= 529
    assert body["type"] == "error"
    assert body["request_id"] == "req_1"
    assert body["error"]["message"].endswith("Words.")
    assert body["error"]["type"] in A_TYPES


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("protocol", CODECS)
def test_what_will_not_change_is_not_to_be_sent_again(protocol: str, kind: Kind) -> None:
    rendered, _ = render(protocol, GatewayError(kind, "Words."))
    sent_again = rendered.status in (408, 409, 429) or rendered.status >= 500
    final = kind in (
        Kind.BUDGET_SPENT,
        Kind.UPSTREAM_QUOTA_SPENT,
        Kind.UPSTREAM_AUTH_FAILED,
        Kind.NO_UPSTREAM_CREDENTIAL,
    )
    assert (("x-should-retry", "false") in rendered.headers) == final
    assert sent_again or not any(name == "retry-after" for name, _ in rendered.headers)


@pytest.mark.parametrize("protocol", CODECS)
def test_who_cannot_be_helped_by_waiting_is_not_told_to(protocol: str) -> None:
    for seconds, told in ((math.inf, ("x-should-retry", "false")), (1.2, ("retry-after", "2"))):
        rendered, _ = render(protocol, GatewayError(Kind.RATE_LIMIT_EXCEEDED, "Words.", retry_after=seconds))
        assert rendered.headers == (told,)


TABLE = [
    (Kind.UPSTREAM_QUOTA_SPENT, 429, "insufficient_quota", "insufficient_quota", 402, "billing_error"),
    (Kind.UPSTREAM_AUTH_FAILED, 502, "server_error", "upstream_auth_failed", 502, "api_error"),
    (Kind.UPSTREAM_MODEL_NOT_FOUND, 404, "invalid_request_error", "model_not_found", 404, "not_found_error"),
    (Kind.UPSTREAM_TIMEOUT, 504, "server_error", "upstream_timeout", 504, "timeout_error"),
    (Kind.UPSTREAM_BUSY, 504, "server_error", "upstream_timeout", 504, "timeout_error"),
    (Kind.UPSTREAM_RATE_LIMITED, 429, "rate_limit_error", "rate_limit_exceeded", 429, "rate_limit_error"),
    (Kind.UPSTREAM_ERROR, 502, "server_error", "upstream_error", 502, "api_error"),
    (Kind.UPSTREAM_UNAVAILABLE, 503, "server_error", "upstream_unavailable", 503, "api_error"),
    (Kind.UPSTREAM_OVERLOADED, 503, "server_error", "overloaded", 529, "overloaded_error"),
    (Kind.UPSTREAM_INVALID_RESPONSE, 502, "server_error", "upstream_invalid_response", 502, "api_error"),
    (Kind.INVALID_API_KEY, 401, "invalid_request_error", "invalid_api_key", 401, "authentication_error"),
    (Kind.MODEL_NOT_FOUND, 404, "invalid_request_error", "model_not_found", 404, "not_found_error"),
    (Kind.QUEUE_FULL, 503, "server_error", "queue_full", 529, "overloaded_error"),
    (Kind.REQUEST_TOO_LARGE, 413, "invalid_request_error", "request_too_large", 413, "request_too_large"),
    (Kind.UNSUPPORTED_ENCODING, 400, "invalid_request_error", "unsupported_media_type", 400, "invalid_request_error"),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0].name)
def test_the_two_protocols_tell_it_in_their_own_words(row: tuple[Kind, int, str, str, int, str]) -> None:
    kind, openai_status, openai_type, code, anthropic_status, anthropic_type = row
    rendered, body = render("openai_chat", GatewayError(kind, "Words."))
    assert (rendered.status, body["error"]["type"], body["error"]["code"]) == (openai_status, openai_type, code)
    rendered, body = render("anthropic_messages", GatewayError(kind, "Words."))
    assert (rendered.status, body["error"]["type"]) == (anthropic_status, anthropic_type)


def test_a_field_is_named_as_each_protocol_writes_paths() -> None:
    error = GatewayError(Kind.INVALID_TYPE, "Expected `str`.", param="messages[2].content[0].type")
    _, body = render("openai_chat", error)
    assert body["error"]["param"] == "messages[2].content[0].type"
    _, body = render("anthropic_messages", error)
    assert body["error"]["message"] == "messages.2.content.0.type: Expected `str`."


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, "1"), (0.2, "1"), (2.0, "2"), (2.1, "3")])
def test_a_wait_is_told_in_whole_seconds(seconds: float, shown: str) -> None:
    rendered, _ = render("openai_chat", GatewayError(Kind.QUEUE_FULL, "Words.", retry_after=seconds))
    assert rendered.headers == (("retry-after", shown),)


def test_a_restart_of_the_worker_takes_five_seconds() -> None:
    rendered, _ = render("anthropic_messages", GatewayError(Kind.LOCAL_WORKER_UNAVAILABLE, "Words."))
    assert rendered.headers == (("retry-after", "5"),)


def test_agents_recognise_a_prompt_that_is_too_long() -> None:
    _, body = render("anthropic_messages", GatewayError(Kind.CONTEXT_LENGTH_EXCEEDED, "9 tokens > 8 maximum"))
    assert body["error"]["message"] == "prompt is too long: 9 tokens > 8 maximum"
    _, body = render("openai_chat", GatewayError(Kind.CONTEXT_LENGTH_EXCEEDED, "Words."))
    assert body["error"]["param"] == "messages"


def test_an_upstream_that_judged_the_request_is_quoted_with_its_code() -> None:
    _, body = render("openai_chat", BackendError(Kind.UPSTREAM_REJECTED, "upstream: no", code="unsupported_value"))
    assert body["error"]["code"] == "unsupported_value"


def test_a_broken_stream_ends_with_an_error_and_no_end() -> None:
    error = BackendError(Kind.UPSTREAM_STREAM_TRUNCATED, "Words.")
    ending = openai_chat.render_stream_error(error, "req_1")
    assert ending.startswith(b'data: {"error":{')
    assert ending.endswith(b"\n\ndata: [DONE]\n\n")
    ending = anthropic_messages.render_stream_error(error, "req_1")
    assert ending.startswith(b'event: error\ndata: {"type":"error","error":{"type":"api_error"')
    assert b"message_stop" not in ending
