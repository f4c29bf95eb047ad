"""Every error we raise on purpose. Who raises names the kind; `protocols/*/errors.py` alone renders it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Kind(StrEnum):
    """What went wrong. The value is the public code, save where two kinds share one: OpenAI's table has it."""

    # The request itself.
    INVALID_JSON = "invalid_json"
    MISSING_PARAMETER = "missing_required_parameter"
    INVALID_TYPE = "invalid_type"
    INVALID_VALUE = "invalid_value"
    UNSUPPORTED_PARAMETER = "unsupported_parameter"
    UNSUPPORTED_CONTENT = "unsupported_content"
    UNSUPPORTED_TOOL = "unsupported_tool"
    UNSUPPORTED_ENDPOINT = "unsupported_endpoint"
    PREFILL_UNSUPPORTED = "prefill_unsupported"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    UNKNOWN_URL = "unknown_url"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    UNSUPPORTED_ENCODING = "unsupported_encoding"
    REQUEST_TOO_LARGE = "request_too_large"
    HOST_NOT_ALLOWED = "host_not_allowed"

    # Who asks, and what for.
    INVALID_API_KEY = "invalid_api_key"
    KEY_DISABLED = "key_disabled"
    MODEL_NOT_ALLOWED = "model_not_allowed"
    MODEL_NOT_FOUND = "model_not_found"
    LOCAL_ONLY = "local_only"
    RATE_LIMIT_EXCEEDED = "rate_limit_exceeded"
    BUDGET_SPENT = "budget_spent"
    DATABASE_UNAVAILABLE = "database_unavailable"

    # The local worker.
    LOCAL_WORKER_UNAVAILABLE = "local_worker_unavailable"
    LOCAL_WORKER_CRASHED = "local_worker_crashed"
    REQUEST_QUARANTINED = "request_quarantined"
    MODEL_LOADING = "model_loading"
    MODEL_NOT_INSTALLED = "model_not_installed"
    MODEL_DOES_NOT_FIT = "model_does_not_fit"
    CONTEXT_DOES_NOT_FIT = "context_does_not_fit"
    CONTEXT_LENGTH_EXCEEDED = "context_length_exceeded"
    QUEUE_FULL = "queue_full"

    # An upstream.
    NO_UPSTREAM_CREDENTIAL = "no_upstream_credential"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_GATEWAY_TIMEOUT = "upstream_gateway_timeout"
    UPSTREAM_BUSY = "upstream_busy"
    UPSTREAM_CONFLICT = "upstream_conflict"
    UPSTREAM_ERROR = "upstream_error"
    UPSTREAM_UNAVAILABLE = "upstream_unavailable"
    UPSTREAM_OVERLOADED = "overloaded"
    UPSTREAM_RATE_LIMITED = "upstream_rate_limited"
    UPSTREAM_QUOTA_SPENT = "insufficient_quota"
    UPSTREAM_AUTH_FAILED = "upstream_auth_failed"
    UPSTREAM_FORBIDDEN = "upstream_forbidden"
    UPSTREAM_MODEL_NOT_FOUND = "upstream_model_not_found"
    UPSTREAM_REJECTED = "upstream_rejected"
    UPSTREAM_INVALID_RESPONSE = "upstream_invalid_response"
    UPSTREAM_STREAM_TRUNCATED = "upstream_stream_truncated"

    # Ourselves.
    NO_BACKEND_AVAILABLE = "no_backend_available"
    INTERNAL_ERROR = "internal_error"


class GatewayError(Exception):
    """An error with a kind, for the client to see.

    `param` is the path of the field at fault, as `messages[2].content`; `retry_after` is in seconds, infinite where
    to come back cannot help. `warning` is the header that tells what the attempt which failed had left out,
    `is_translated` that its request was a translation.
    The message never holds a secret, a prompt or an answer.
    """

    def __init__(self, kind: Kind, message: str, *, param: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.param = param
        self.retry_after = retry_after
        self.warning = ""
        self.is_translated = False

    def anew(self) -> Self:
        """The same for somebody else: what is noted on one, such as its warning, is no other's."""
        made = type(self).__new__(type(self), *self.args)
        vars(made).update(vars(self))
        return made


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """An upstream's refusal as it came, to be relayed where the client speaks the upstream's protocol.

    `is_readable`: it has a status of HTTP and the form that the protocol gives to errors.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_readable: bool = True


class BackendError(GatewayError):
    """An attempt failed. The kind decides on retry and fallback; `code` is the upstream's own, where it gave one."""

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        retry_after: float | None = None,
        code: str | None = None,
        answer: UpstreamAnswer | None = None,
    ) -> None:
        super().__init__(kind, message, retry_after=retry_after)
        self.code = code
        self.answer = answer


class Untranslatable(GatewayError):
    """The request holds what the target's protocol cannot express. Names the field."""

    def __init__(self, message: str, *, param: str, kind: Kind = Kind.UNSUPPORTED_PARAMETER) -> None:
        super().__init__(kind, message, param=param)
