"""Every row of the two tables of errors: status, type and code, and what the vendors' own clients raise for it."""

import json

import anthropic
import openai
import pytest

from inference.errors import GatewayError, Kind
from inference.protocols import anthropic_messages, openai_chat
from tests.inference.protocols.test_sdks import USER, WHOLE, anthropic_client, openai_client

type Row = tuple[int, str, str]

REQUEST, SERVER, RATE = "invalid_request_error", "server_error", "rate_limit_error"
# As OpenAI clients see them: status, type, code.
OPENAI: dict[Kind, Row] = {
    Kind.INVALID_JSON: (400, REQUEST, "invalid_json"),
    Kind.MISSING_PARAMETER: (400, REQUEST, "missing_required_parameter"),
    Kind.INVALID_TYPE: (400, REQUEST, "invalid_type"),
    Kind.INVALID_VALUE: (400, REQUEST, "invalid_value"),
    Kind.UNSUPPORTED_PARAMETER: (400, REQUEST, "unsupported_parameter"),
    Kind.UNSUPPORTED_CONTENT: (400, REQUEST, "unsupported_content"),
    Kind.UNSUPPORTED_TOOL: (400, REQUEST, "unsupported_tool"),
    Kind.UNSUPPORTED_ENDPOINT: (400, REQUEST, "unsupported_endpoint"),
    Kind.PREFILL_UNSUPPORTED: (400, REQUEST, "prefill_unsupported"),
    Kind.METHOD_NOT_ALLOWED: (405, REQUEST, "method_not_allowed"),
    Kind.UNKNOWN_URL: (404, REQUEST, "unknown_url"),
    Kind.UNSUPPORTED_MEDIA_TYPE: (415, REQUEST, "unsupported_media_type"),
    Kind.UNSUPPORTED_ENCODING: (400, REQUEST, "unsupported_media_type"),
    Kind.REQUEST_TOO_LARGE: (413, REQUEST, "request_too_large"),
    Kind.HOST_NOT_ALLOWED: (400, REQUEST, "host_not_allowed"),
    Kind.INVALID_API_KEY: (401, REQUEST, "invalid_api_key"),
    Kind.KEY_DISABLED: (403, REQUEST, "key_disabled"),
    Kind.MODEL_NOT_ALLOWED: (403, REQUEST, "model_not_allowed"),
    Kind.MODEL_NOT_FOUND: (404, REQUEST, "model_not_found"),
    Kind.LOCAL_ONLY: (403, REQUEST, "local_only"),
    Kind.RATE_LIMIT_EXCEEDED: (429, RATE, "rate_limit_exceeded"),
    Kind.BUDGET_SPENT: (429, "insufficient_quota", "insufficient_quota"),
    Kind.DATABASE_UNAVAILABLE: (503, SERVER, "database_unavailable"),
    Kind.LOCAL_WORKER_UNAVAILABLE: (503, SERVER, "local_worker_unavailable"),
    Kind.LOCAL_WORKER_CRASHED: (503, SERVER, "local_worker_unavailable"),
    Kind.REQUEST_QUARANTINED: (400, REQUEST, "request_quarantined"),
    Kind.MODEL_LOADING: (503, SERVER, "model_loading"),
    Kind.MODEL_NOT_INSTALLED: (404, REQUEST, "model_not_installed"),
    Kind.MODEL_DOES_NOT_FIT: (400, REQUEST, "model_does_not_fit"),
    Kind.CONTEXT_DOES_NOT_FIT: (400, REQUEST, "context_does_not_fit"),
    Kind.CONTEXT_LENGTH_EXCEEDED: (400, REQUEST, "context_length_exceeded"),
    Kind.QUEUE_FULL: (503, SERVER, "queue_full"),
    Kind.NO_UPSTREAM_CREDENTIAL: (503, SERVER, "no_upstream_credential"),
    Kind.UPSTREAM_UNREACHABLE: (502, SERVER, "upstream_unreachable"),
    Kind.UPSTREAM_GATEWAY_TIMEOUT: (504, SERVER, "upstream_timeout"),
    Kind.UPSTREAM_TIMEOUT: (504, SERVER, "upstream_timeout"),
    Kind.UPSTREAM_BUSY: (504, SERVER, "upstream_timeout"),
    Kind.UPSTREAM_CONFLICT: (503, SERVER, "upstream_conflict"),
    Kind.UPSTREAM_ERROR: (502, SERVER, "upstream_error"),
    Kind.UPSTREAM_UNAVAILABLE: (503, SERVER, "upstream_unavailable"),
    Kind.UPSTREAM_OVERLOADED: (503, SERVER, "overloaded"),
    Kind.UPSTREAM_RATE_LIMITED: (429, RATE, "rate_limit_exceeded"),
    Kind.UPSTREAM_QUOTA_SPENT: (429, "insufficient_quota", "insufficient_quota"),
    Kind.UPSTREAM_AUTH_FAILED: (502, SERVER, "upstream_auth_failed"),
    Kind.UPSTREAM_FORBIDDEN: (403, REQUEST, "upstream_forbidden"),
    Kind.UPSTREAM_MODEL_NOT_FOUND: (404, REQUEST, "model_not_found"),
    Kind.UPSTREAM_REJECTED: (400, REQUEST, "invalid_value"),
    Kind.UPSTREAM_INVALID_RESPONSE: (502, SERVER, "upstream_invalid_response"),
    Kind.UPSTREAM_STREAM_TRUNCATED: (502, SERVER, "upstream_stream_truncated"),
    Kind.NO_BACKEND_AVAILABLE: (503, SERVER, "no_backend_available"),
    Kind.INTERNAL_ERROR: (500, SERVER, "internal_error"),
}
# As Anthropic clients see them, where their status is another or the type does not follow from it.
STATUSES = {
    Kind.QUEUE_FULL: 529,
    Kind.UPSTREAM_OVERLOADED: 529,
    Kind.BUDGET_SPENT: 402,
    Kind.UPSTREAM_QUOTA_SPENT: 402,
}
TYPES_BY_STATUS = {
    400: REQUEST,
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: REQUEST,
    413: "request_too_large",
    415: REQUEST,
    429: RATE,
    500: "api_error",
    502: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
TYPES = {Kind.MODEL_LOADING: "overloaded_error", Kind.NO_BACKEND_AVAILABLE: "overloaded_error"}

OPENAI_CLASSES: dict[int, type[openai.APIStatusError]] = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    429: openai.RateLimitError,
}
ANTHROPIC_CLASSES: dict[int, type[anthropic.APIStatusError]] = {
    400: anthropic.BadRequestError,
    401: anthropic.AuthenticationError,
    403: anthropic.PermissionDeniedError,
    404: anthropic.NotFoundError,
    429: anthropic.RateLimitError,
}


def test_every_kind_has_its_row() -> None:
    assert set(OPENAI) == set(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_openais_client_raises_the_class_of_the_row(kind: Kind) -> None:
    status, type_, code = OPENAI[kind]
    shown = openai_chat.render_error(GatewayError(kind, "Words."), "req_1")
    error = json.loads(shown.body)["error"]
    assert (shown.status, error["type"], error["code"]) == (status, type_, code)
    expected = OPENAI_CLASSES.get(status, openai.InternalServerError if status >= 500 else openai.APIStatusError)
    with openai_client(shown.body, WHOLE, shown.status) as client, pytest.raises(expected) as caught:
        client.chat.completions.create(model="m", messages=USER)
    assert type(caught.value) is expected
    assert (caught.value.type, caught.value.code) == (type_, code)


@pytest.mark.parametrize("kind", Kind)
def test_anthropics_client_raises_the_class_of_the_row(kind: Kind) -> None:
    status = STATUSES.get(kind, OPENAI[kind][0])
    type_ = TYPES.get(kind, TYPES_BY_STATUS[status])
    shown = anthropic_messages.render_error(GatewayError(kind, "Words."), "req_1")
    assert (shown.status, json.loads(shown.body)["error"]["type"]) == (status, type_)
    with anthropic_client(shown.body, WHOLE, shown.status) as client, pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(model="m", max_tokens=9, messages=USER)
    assert isinstance(
        caught.value,
        ANTHROPIC_CLASSES.get(status, anthropic.InternalServerError if status >= 500 else anthropic.APIStatusError),
    )
    assert (caught.value.status_code, caught.value.type) == (status, type_)
