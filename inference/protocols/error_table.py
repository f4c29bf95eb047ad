"""The row that an error's kind has in each protocol's table, and the headers that tell a client when to come back."""

import math
from dataclasses import dataclass

from inference.errors import GatewayError, Kind

# About a field of the request: the client's words for it belong into the message.
ABOUT_A_FIELD = frozenset(
    {
        Kind.MISSING_PARAMETER,
        Kind.INVALID_TYPE,
        Kind.INVALID_VALUE,
        Kind.UNSUPPORTED_PARAMETER,
        Kind.UNSUPPORTED_CONTENT,
        Kind.UNSUPPORTED_TOOL,
        Kind.PREFILL_UNSUPPORTED,
    }
)
# The SDKs would send these again, and nothing would have changed.
NOT_TO_RETRY = frozenset(
    {Kind.BUDGET_SPENT, Kind.UPSTREAM_QUOTA_SPENT, Kind.UPSTREAM_AUTH_FAILED, Kind.NO_UPSTREAM_CREDENTIAL}
)
RETRY_AFTER = {Kind.LOCAL_WORKER_UNAVAILABLE: 5, Kind.LOCAL_WORKER_CRASHED: 5, Kind.DATABASE_UNAVAILABLE: 5}
LEAST_RETRY_AFTER = 1


@dataclass(frozen=True, slots=True)
class Row:
    """`code` empty: the kind's own."""

    status: int
    type: str
    code: str = ""


def headers_of(error: GatewayError) -> tuple[tuple[str, str], ...]:
    if error.kind in NOT_TO_RETRY or error.retry_after == math.inf:
        return (("x-should-retry", "false"),)
    seconds = error.retry_after if error.retry_after is not None else RETRY_AFTER.get(error.kind)
    if seconds is None:
        return ()
    return (("retry-after", str(max(LEAST_RETRY_AFTER, math.ceil(seconds)))),)
