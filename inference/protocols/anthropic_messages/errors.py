"""Errors as an Anthropic client reads them: the status, a type, and the field at the head of the message."""

import re

import msgspec

from inference import sse
from inference.errors import GatewayError, Kind
from inference.protocols.codec import ErrorBody
from inference.protocols.error_table import ABOUT_A_FIELD, Row, headers_of

REQUEST = "invalid_request_error"
PERMISSION = "permission_error"
NOT_FOUND = "not_found_error"
API = "api_error"
OVERLOADED = "overloaded_error"

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
    Kind.UNKNOWN_URL: Row(404, NOT_FOUND),
    Kind.UNSUPPORTED_MEDIA_TYPE: Row(415, REQUEST),
    Kind.UNSUPPORTED_ENCODING: Row(400, REQUEST),
    Kind.REQUEST_TOO_LARGE: Row(413, "request_too_large"),
    Kind.HOST_NOT_ALLOWED: Row(400, REQUEST),
    Kind.INVALID_API_KEY: Row(401, "authentication_error"),
    Kind.KEY_DISABLED: Row(403, PERMISSION),
    Kind.MODEL_NOT_ALLOWED: Row(403, PERMISSION),
    Kind.MODEL_NOT_FOUND: Row(404, NOT_FOUND),
    Kind.LOCAL_ONLY: Row(403, PERMISSION),
    Kind.RATE_LIMIT_EXCEEDED: Row(429, "rate_limit_error"),
    Kind.BUDGET_SPENT: Row(402, "billing_error"),
    Kind.DATABASE_UNAVAILABLE: Row(503, API),
    Kind.LOCAL_WORKER_UNAVAILABLE: Row(503, API),
    Kind.LOCAL_WORKER_CRASHED: Row(503, API),
    Kind.REQUEST_QUARANTINED: Row(400, REQUEST),
    Kind.MODEL_LOADING: Row(503, OVERLOADED),
    Kind.MODEL_NOT_INSTALLED: Row(404, NOT_FOUND),
    Kind.MODEL_DOES_NOT_FIT: Row(400, REQUEST),
    Kind.CONTEXT_DOES_NOT_FIT: Row(400, REQUEST),
    Kind.CONTEXT_LENGTH_EXCEEDED: Row(400, REQUEST),
    Kind.QUEUE_FULL: Row(529, OVERLOADED),
    Kind.NO_UPSTREAM_CREDENTIAL: Row(503, API),
    Kind.UPSTREAM_UNREACHABLE: Row(502, API),
    Kind.UPSTREAM_TIMEOUT: Row(504, "timeout_error"),
    Kind.UPSTREAM_GATEWAY_TIMEOUT: Row(504, "timeout_error"),
    Kind.UPSTREAM_BUSY: Row(504, "timeout_error"),
    Kind.UPSTREAM_CONFLICT: Row(503, API),
    Kind.UPSTREAM_ERROR: Row(502, API),
    Kind.UPSTREAM_UNAVAILABLE: Row(503, API),
    Kind.UPSTREAM_OVERLOADED: Row(529, OVERLOADED),
    Kind.UPSTREAM_RATE_LIMITED: Row(429, "rate_limit_error"),
    Kind.UPSTREAM_QUOTA_SPENT: Row(402, "billing_error"),
    Kind.UPSTREAM_AUTH_FAILED: Row(502, API),
    Kind.UPSTREAM_FORBIDDEN: Row(403, PERMISSION),
    Kind.UPSTREAM_MODEL_NOT_FOUND: Row(404, NOT_FOUND),
    Kind.UPSTREAM_REJECTED: Row(400, REQUEST),
    Kind.UPSTREAM_INVALID_RESPONSE: Row(502, API),
    Kind.UPSTREAM_STREAM_TRUNCATED: Row(502, API),
    Kind.NO_BACKEND_AVAILABLE: Row(503, OVERLOADED),
    Kind.INTERNAL_ERROR: Row(500, API),
}
INDEX = re.compile(r"\[(\d+)\]")
# Agents look for these words, and shorten the conversation.
TOO_LONG = "prompt is too long"


def render_error(error: GatewayError, request_id: str) -> ErrorBody:
    return ErrorBody(ROWS[error.kind].status, body_of(error, request_id), headers_of(error))


def render_stream_error(error: GatewayError, request_id: str) -> bytes:
    """No `message_stop`: an answer that was cut must not look complete."""
    return sse.encode("error", body_of(error, request_id))


def body_of(error: GatewayError, request_id: str) -> bytes:
    shown = {"type": ROWS[error.kind].type, "message": message_of(error)}
    return msgspec.json.encode({"type": "error", "error": shown, "request_id": request_id})


def message_of(error: GatewayError) -> str:
    if error.param and error.kind in ABOUT_A_FIELD:
        return f"{INDEX.sub(r'.\1', error.param)}: {error.message}"
    if error.kind is Kind.CONTEXT_LENGTH_EXCEEDED and not error.message.startswith(TOO_LONG):
        return f"{TOO_LONG}: {error.message}"
    return error.message
