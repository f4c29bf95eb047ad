"""An upstream's refusal as an error with its kind. Both vendors write one shape, so both codecs read it here."""

import contextlib
import re
from typing import Any, Literal

import msgspec

from inference.errors import BackendError, Kind

LONGEST_MESSAGE = 1000
KEYS = re.compile(r"\b(?:sk|mlxm|Bearer)[-_ ][\w.*-]{6,}")
CONTEXT_LENGTH = re.compile(r"prompt is too long|context (?:length|window|size)", re.IGNORECASE)
CONTEXT_LIMIT = re.compile(r"(?:length|window|size|limit)\D{0,30}(\d[\d,]{2,})", re.IGNORECASE)
TOKEN_COUNT = re.compile(r"\d[\d,]{2,}")
QUOTA = re.compile(r"credit balance is too low|spend.?limit|insufficient_quota|current quota", re.IGNORECASE)
OVERLOAD = re.compile(r"overloaded|at capacity|too many requests", re.IGNORECASE)
POLICY = re.compile(r"country|region|territory|polic(?:y|ies)|terms of service", re.IGNORECASE)

BY_STATUS = {
    401: Kind.UPSTREAM_AUTH_FAILED,
    402: Kind.UPSTREAM_QUOTA_SPENT,
    403: Kind.UPSTREAM_AUTH_FAILED,
    404: Kind.UPSTREAM_MODEL_NOT_FOUND,
    408: Kind.UPSTREAM_BUSY,
    409: Kind.UPSTREAM_CONFLICT,
    410: Kind.UPSTREAM_MODEL_NOT_FOUND,
    413: Kind.REQUEST_TOO_LARGE,
    425: Kind.UPSTREAM_BUSY,
    429: Kind.UPSTREAM_RATE_LIMITED,
    502: Kind.UPSTREAM_UNAVAILABLE,
    503: Kind.UPSTREAM_UNAVAILABLE,
    504: Kind.UPSTREAM_GATEWAY_TIMEOUT,
    529: Kind.UPSTREAM_OVERLOADED,
}
# These mean what they say even from a proxy that knows no JSON: our key, our quota, our rate.
TRUSTED_WITHOUT_BODY = (401, 402, 403, 408, 409, 425, 429, 529)
# An error inside a stream has no status.
BY_TYPE = {
    "authentication_error": 401,
    "billing_error": 402,
    "insufficient_quota": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "timeout_error": 504,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "requests": 429,
    "tokens": 429,
    "overloaded_error": 529,
    "service_unavailable_error": 503,
    "invalid_request_error": 400,
}
GENERIC = {
    Kind.UPSTREAM_AUTH_FAILED: "The upstream refused the gateway's credential.",
    Kind.UPSTREAM_QUOTA_SPENT: "The upstream account's quota or credit is spent.",
    Kind.UPSTREAM_INVALID_RESPONSE: "The upstream sent an answer that is not of its protocol.",
}


class Details(msgspec.Struct):
    error_code: str | None = None


class Error(msgspec.Struct):
    """`code` is a number at some servers."""

    message: str = ""
    type: str | None = None
    code: str | int | None = None
    details: Details | None = None

    @property
    def words(self) -> str:
        """All that may tell what it is about."""
        code = self.details.error_code if self.details else None
        return " ".join(str(part) for part in (self.message, self.type, self.code, code) if part)


class Refusal(msgspec.Struct):
    error: Error | str


class FlatRefusal(Error, kw_only=True):
    """As some servers of OpenAI's protocol write it: without an object around it."""

    object: Literal["error"]


REFUSAL = msgspec.json.Decoder(Refusal)
FLAT_REFUSAL = msgspec.json.Decoder(FlatRefusal)


def parse_error(status: int, body: bytes) -> BackendError:
    """The refusal of a whole request, by its status and body."""
    error = read(body)
    if error is None:
        kind = BY_STATUS[status] if status in TRUSTED_WITHOUT_BODY else Kind.UPSTREAM_INVALID_RESPONSE
        return backend_error(kind, f"upstream: HTTP {status} without a readable error.", code=None)
    return classify(status, error)


def read(body: bytes) -> Error | None:
    """None for what is no error object."""
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return FLAT_REFUSAL.decode(body)
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        error = REFUSAL.decode(body).error
        return error if isinstance(error, Error) else Error(message=error)
    return None


def parse_stream_error(error: Any) -> BackendError:  # Any: whatever the upstream put under `error`.
    """The error object that an answer carries although its status said 200."""
    try:
        found = msgspec.convert(error, Error | str, strict=False)
    except msgspec.ValidationError:
        found = Error()
    known = found if isinstance(found, Error) else Error(message=found)
    code = known.code if isinstance(known.code, int) else None
    return classify(code or BY_TYPE.get(known.type or "", 500), known)


def classify(status: int, error: Error) -> BackendError:
    kind = kind_of(status, error.words)
    code = str(error.code) if error.code is not None else None
    text = KEYS.sub("[key]", error.message)[:LONGEST_MESSAGE] or f"HTTP {status}"
    message = context_message(text) if kind is Kind.CONTEXT_LENGTH_EXCEEDED else f"upstream: {text}"
    return backend_error(kind, message, code=code)


def kind_of(status: int, words: str) -> Kind:
    if QUOTA.search(words) and status in (400, 402, 403, 429):
        return Kind.UPSTREAM_QUOTA_SPENT
    if status in (400, 413, 422) and CONTEXT_LENGTH.search(words.replace("_", " ")):
        return Kind.CONTEXT_LENGTH_EXCEEDED
    if status == 403 and POLICY.search(words):
        return Kind.UPSTREAM_FORBIDDEN
    if status == 503 and OVERLOAD.search(words):
        return Kind.UPSTREAM_OVERLOADED
    if status >= 500:
        return BY_STATUS.get(status, Kind.UPSTREAM_ERROR)
    if status < 400:
        return Kind.UPSTREAM_INVALID_RESPONSE
    return BY_STATUS.get(status, Kind.UPSTREAM_REJECTED)


def context_message(text: str) -> str:
    """As agents match it to shorten the conversation: "prompt is too long: N tokens > M maximum"."""
    if text.lower().startswith("prompt is too long"):
        return text
    limit, counts = CONTEXT_LIMIT.search(text), [number_of(digits) for digits in TOKEN_COUNT.findall(text)]
    # The largest is what was asked for: of prompt and answer together, where both are told apart as well.
    if limit is not None and max(counts) > number_of(limit[1]):
        return f"prompt is too long: {max(counts)} tokens > {number_of(limit[1])} maximum"
    return f"prompt is too long: {text}"


def number_of(digits: str) -> int:
    return int(digits.replace(",", ""))


def backend_error(kind: Kind, message: str, *, code: str | None) -> BackendError:
    return BackendError(kind, GENERIC.get(kind, message), code=code)
