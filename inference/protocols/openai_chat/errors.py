"""Errors as an OpenAI client reads them: the status, and one object with type and code."""

import msgspec

from inference import sse
from inference.errors import BackendError, GatewayError, Kind
from inference.protocols.codec import ErrorBody
from inference.protocols.error_table import ABOUT_A_FIELD, Row, headers_of

REQUEST = "invalid_request_error"
SERVER = "server_error"
RATE = "rate_limit_error"

ROWS: dict[Kind, Row] = {
    Kind.INVALID_JSON: Row(400, REQUEST),
    Kind.MISSING_PARAMETER: Row(400, REQUEST),
    Kind.INVALID_TYPE: Row(400, REQUEST),
    Kind.INVALID_VALUE: Row(400, REQUEST),
    Kind.UNSUPPORTED_PARAMETER: Row(400, REQUEST),
    Kind.UNSUPPORTED_CONTENT: Row(400, REQUEST),
    Kind.UNSUPPORTED_TOOL: Row(400, REQUEST),
    Kind.UNSUPPORTED_ENDPOINT: Row(400, REQUEST),
    Kind.PREFILL_UNSUPPORTED: Row(400, REQUEST),
    Kind.METHOD_NOT_ALLOWED: Row(405, REQUEST),
    Kind.UNKNOWN_URL: Row(404, REQUEST),
    Kind.UNSUPPORTED_MEDIA_TYPE: Row(415, REQUEST),
    Kind.UNSUPPORTED_ENCODING: Row(400, REQUEST, "unsupported_media_type"),
    Kind.REQUEST_TOO_LARGE: Row(413, REQUEST),
    Kind.HOST_NOT_ALLOWED: Row(400, REQUEST),
    Kind.INVALID_API_KEY: Row(401, REQUEST),
    Kind.KEY_DISABLED: Row(403, REQUEST),
    Kind.MODEL_NOT_ALLOWED: Row(403, REQUEST),
    Kind.MODEL_NOT_FOUND: Row(404, REQUEST),
    Kind.LOCAL_ONLY: Row(403, REQUEST),
    Kind.RATE_LIMIT_EXCEEDED: Row(429, RATE),
    Kind.BUDGET_SPENT: Row(429, "insufficient_quota", "insufficient_quota"),
    Kind.DATABASE_UNAVAILABLE: Row(503, SERVER),
    Kind.LOCAL_WORKER_UNAVAILABLE: Row(503, SERVER),
    Kind.LOCAL_WORKER_CRASHED: Row(503, SERVER, "local_worker_unavailable"),
    Kind.REQUEST_QUARANTINED: Row(400, REQUEST),
    Kind.MODEL_LOADING: Row(503, SERVER),
    Kind.MODEL_NOT_INSTALLED: Row(404, REQUEST),
    Kind.MODEL_DOES_NOT_FIT: Row(400, REQUEST),
    Kind.CONTEXT_DOES_NOT_FIT: Row(400, REQUEST),
    Kind.CONTEXT_LENGTH_EXCEEDED: Row(400, REQUEST),
    Kind.QUEUE_FULL: Row(503, SERVER),
    Kind.NO_UPSTREAM_CREDENTIAL: Row(503, SERVER),
    Kind.UPSTREAM_UNREACHABLE: Row(502, SERVER),
    Kind.UPSTREAM_TIMEOUT: Row(504, SERVER),
    Kind.UPSTREAM_GATEWAY_TIMEOUT: Row(504, SERVER, "upstream_timeout"),
    Kind.UPSTREAM_BUSY: Row(504, SERVER, "upstream_timeout"),
    Kind.UPSTREAM_CONFLICT: Row(503, SERVER),
    Kind.UPSTREAM_ERROR: Row(502, SERVER),
    Kind.UPSTREAM_UNAVAILABLE: Row(503, SERVER),
    Kind.UPSTREAM_OVERLOADED: Row(503, SERVER),
    Kind.UPSTREAM_RATE_LIMITED: Row(429, RATE, "rate_limit_exceeded"),
    Kind.UPSTREAM_QUOTA_SPENT: Row(429, "insufficient_quota"),
    Kind.UPSTREAM_AUTH_FAILED: Row(502, SERVER),
    Kind.UPSTREAM_FORBIDDEN: Row(403, REQUEST),
    Kind.UPSTREAM_MODEL_NOT_FOUND: Row(404, REQUEST, "model_not_found"),
    Kind.UPSTREAM_REJECTED: Row(400, REQUEST, "invalid_value"),
    Kind.UPSTREAM_INVALID_RESPONSE: Row(502, SERVER),
    Kind.UPSTREAM_STREAM_TRUNCATED: Row(502, SERVER),
    Kind.NO_BACKEND_AVAILABLE: Row(503, SERVER),
    Kind.INTERNAL_ERROR: Row(500, SERVER),
}
PARAMS = {Kind.CONTEXT_LENGTH_EXCEEDED: "messages", Kind.MODEL_NOT_FOUND: "model"}


def code_of(kind: Kind) -> str:
    """The public code, which other protocols' clients see in headers too."""
    return ROWS[kind].code or str(kind)


def render_error(error: GatewayError, request_id: str) -> ErrorBody:  # noqa: ARG001 - theirs is in a header alone
    return ErrorBody(ROWS[error.kind].status, body_of(error), headers_of(error))


def render_stream_error(error: GatewayError, request_id: str) -> bytes:  # noqa: ARG001 - as above
    """No finish chunk: an answer that was cut must not look complete."""
    return sse.encode("", body_of(error)) + sse.encode("", b"[DONE]")


def body_of(error: GatewayError) -> bytes:
    row = ROWS[error.kind]
    shown = {
        "message": message_of(error),
        "type": row.type,
        "param": error.param or PARAMS.get(error.kind),
        "code": shown_code(error),
    }
    return msgspec.json.encode({"error": shown})


def shown_code(error: GatewayError) -> str:
    """The upstream's own where it judged the request, so that clients find what they know."""
    if error.kind is Kind.UPSTREAM_REJECTED and isinstance(error, BackendError) and error.code:
        return error.code
    return code_of(error.kind)


def message_of(error: GatewayError) -> str:
    if error.param and error.kind in ABOUT_A_FIELD:
        return f"{error.param}: {error.message}"
    return error.message
