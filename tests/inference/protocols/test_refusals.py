"""What an upstream's refusal is taken for, by its status and its words."""

import json
from typing import Any

import pytest

from inference.errors import Kind
from inference.protocols.refusals import parse_error, parse_stream_error


def openai(message: str = "Words.", **rest: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **rest}}


def anthropic(kind: str, message: str = "Words.", **rest: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message, **rest}, "request_id": "req_up"}


TABLE: list[tuple[int, dict[str, Any], Kind]] = [
    (400, openai(), Kind.UPSTREAM_REJECTED),
    (422, openai(), Kind.UPSTREAM_REJECTED),
    (400, anthropic("invalid_request_error"), Kind.UPSTREAM_REJECTED),
    (400, openai("Too much.", code="context_length_exceeded"), Kind.CONTEXT_LENGTH_EXCEEDED),
    (400, openai("This model's maximum context length is 8 tokens."), Kind.CONTEXT_LENGTH_EXCEEDED),
    (400, openai("the request exceeds the available context size (8 tokens)"), Kind.CONTEXT_LENGTH_EXCEEDED),
    (400, anthropic("invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"), Kind.CONTEXT_LENGTH_EXCEEDED),
    (400, anthropic("invalid_request_error", "Your credit balance is too low."), Kind.UPSTREAM_QUOTA_SPENT),
    (402, anthropic("billing_error"), Kind.UPSTREAM_QUOTA_SPENT),
    (429, openai(type="insufficient_quota", code="insufficient_quota"), Kind.UPSTREAM_QUOTA_SPENT),
    (
        429,
        anthropic("rate_limit_error", details={"error_code": "workspace_spend_limit_reached"}),
        Kind.UPSTREAM_QUOTA_SPENT,
    ),
    (429, openai(type="requests", code="rate_limit_exceeded"), Kind.UPSTREAM_RATE_LIMITED),
    (401, openai(code="invalid_api_key"), Kind.UPSTREAM_AUTH_FAILED),
    (401, anthropic("authentication_error"), Kind.UPSTREAM_AUTH_FAILED),
    (403, anthropic("permission_error"), Kind.UPSTREAM_AUTH_FAILED),
    (403, openai("Country, region, or territory not supported"), Kind.UPSTREAM_FORBIDDEN),
    (404, openai(code="model_not_found"), Kind.UPSTREAM_MODEL_NOT_FOUND),
    (404, anthropic("not_found_error", "model: x"), Kind.UPSTREAM_MODEL_NOT_FOUND),
    (410, openai(), Kind.UPSTREAM_MODEL_NOT_FOUND),
    (408, openai(), Kind.UPSTREAM_BUSY),
    (425, openai(), Kind.UPSTREAM_BUSY),
    (409, openai(), Kind.UPSTREAM_CONFLICT),
    (413, anthropic("request_too_large"), Kind.REQUEST_TOO_LARGE),
    (500, openai(type="server_error"), Kind.UPSTREAM_ERROR),
    (520, openai(), Kind.UPSTREAM_ERROR),
    (502, openai(), Kind.UPSTREAM_UNAVAILABLE),
    (503, openai("Try later."), Kind.UPSTREAM_UNAVAILABLE),
    (503, openai("The engine is currently overloaded."), Kind.UPSTREAM_OVERLOADED),
    (504, openai(), Kind.UPSTREAM_GATEWAY_TIMEOUT),
    (529, anthropic("overloaded_error"), Kind.UPSTREAM_OVERLOADED),
    (400, {"error": "just words"}, Kind.UPSTREAM_REJECTED),
    (400, {"object": "error", "message": "Words.", "type": "BadRequestError", "code": 400}, Kind.UPSTREAM_REJECTED),
    (404, {"object": "error", "message": "No such model.", "code": 404}, Kind.UPSTREAM_MODEL_NOT_FOUND),
    (302, openai(), Kind.UPSTREAM_INVALID_RESPONSE),
]


@pytest.mark.parametrize(("status", "body", "kind"), TABLE)
def test_a_refusal_has_a_kind(status: int, body: dict[str, Any], kind: Kind) -> None:
    assert parse_error(status, json.dumps(body).encode()).kind is kind


@pytest.mark.parametrize(
    "body", [b"", b"<html>Bad gateway</html>", b"{", b"[]", b"null", b'{"detail":"x"}', b'{"message":"x"}', b"\xff"]
)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Kind.UPSTREAM_INVALID_RESPONSE),
        (404, Kind.UPSTREAM_INVALID_RESPONSE),
        (500, Kind.UPSTREAM_INVALID_RESPONSE),
        (502, Kind.UPSTREAM_INVALID_RESPONSE),
        (401, Kind.UPSTREAM_AUTH_FAILED),
        (429, Kind.UPSTREAM_RATE_LIMITED),
        (529, Kind.UPSTREAM_OVERLOADED),
    ],
)
def test_a_body_that_is_no_error_object_tells_nothing(status: int, body: bytes, kind: Kind) -> None:
    error = parse_error(status, body)
    assert error.kind is kind
    assert "html" not in error.message


def test_a_refusal_of_our_key_says_nothing_of_it() -> None:
    body = openai("Incorrect API key provided: sk-abcdef0123456789.", code="invalid_api_key")
    assert "sk-" not in parse_error(401, json.dumps(body).encode()).message


def test_a_key_in_any_other_refusal_is_masked() -> None:
    body = openai("The key sk-proj-abc_def-0123 may not do this.")
    assert parse_error(400, json.dumps(body).encode()).message == "upstream: The key [key] may not do this."


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("prompt is too long: 9 tokens > 8 maximum", "prompt is too long: 9 tokens > 8 maximum"),
        (
            "This model's maximum context length is 128,000 tokens. However, your messages resulted in 130001 tokens.",
            "prompt is too long: 130001 tokens > 128000 maximum",
        ),
        (
            "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the "
            "messages, 1000 in the completion).",
            "prompt is too long: 5000 tokens > 4096 maximum",
        ),
        (
            "the request exceeds the available context size (4096 tokens), it has 5000 tokens",
            "prompt is too long: 5000 tokens > 4096 maximum",
        ),
        (
            "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
            "prompt is too long: 5000 tokens > 4096 maximum",
        ),
        ("Over the context window.", "prompt is too long: Over the context window."),
    ],
)
def test_a_prompt_that_is_too_long_is_told_as_agents_expect(told: str, shown: str) -> None:
    error = parse_error(400, json.dumps(openai(told, code="context_length_exceeded")).encode())
    assert error.message == shown


def test_the_upstreams_code_is_kept() -> None:
    assert parse_error(400, json.dumps(openai(code="unsupported_value")).encode()).code == "unsupported_value"
    assert parse_error(400, json.dumps(openai(code=1234)).encode()).code == "1234"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, Kind.UPSTREAM_OVERLOADED),
        ({"type": "rate_limit_error", "message": "Slow down"}, Kind.UPSTREAM_RATE_LIMITED),
        ({"type": "api_error", "message": "Broken"}, Kind.UPSTREAM_ERROR),
        ({"type": "invalid_request_error", "message": "Wrong"}, Kind.UPSTREAM_REJECTED),
        ({"type": "authentication_error", "message": "Who?"}, Kind.UPSTREAM_AUTH_FAILED),
        ({"message": "Provider returned error", "code": 429}, Kind.UPSTREAM_RATE_LIMITED),
        ({"message": "Broken", "code": "server_error"}, Kind.UPSTREAM_ERROR),
        ({"message": None, "code": []}, Kind.UPSTREAM_ERROR),
        ("just words", Kind.UPSTREAM_ERROR),
        (True, Kind.UPSTREAM_ERROR),
        (None, Kind.UPSTREAM_ERROR),
    ],
)
def test_an_error_within_a_stream_has_a_kind(error: object, kind: Kind) -> None:
    assert parse_stream_error(error).kind is kind
