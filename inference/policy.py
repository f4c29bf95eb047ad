"""What a failed attempt leads to: the one table from a kind of error to retry, fallback and cool-down.

A retry tries the same target again, at most once. A kind that is not here ends the request: another provider would
refuse it as well.
"""

import math
import random
from dataclasses import dataclass

from inference.errors import BackendError, GatewayError, Kind

LONGEST_WAIT_TO_RETRY = 2.0
# In seconds. What lasts so long does not pass while a client waits.
LASTING = 600.0
# An upstream may name days. One request an hour costs nobody anything.
LONGEST_NAMED = 3600.0
MOST_DOUBLINGS = 30


@dataclass(frozen=True, slots=True)
class Cooling:
    """For how many seconds a target is left alone: `first`, and twice as long each time, up to `most`.

    `after` so many failures. `is_named`: the upstream may have said for how long.
    """

    first: float
    most: float
    after: int = 1
    is_named: bool = False

    def seconds(self, level: int, named: float | None) -> float:
        """`level` counts from 1."""
        if self.is_named and named is not None:
            return min(named, LONGEST_NAMED)
        return min(self.first * 2.0 ** min(level - 1, MOST_DOUBLINGS), self.most)

    @property
    def is_lasting(self) -> bool:
        return self.first >= LASTING


@dataclass(frozen=True, slots=True)
class Policy:
    """`repeats`: tried once more where nobody is left to fall back to. `cools` None: the failure says nothing of the
    next request.
    """

    falls_back: bool = False
    retries: bool = False
    repeats: bool = False
    cools: Cooling | None = None


BROKEN = Cooling(5, 300)
SECOND_TIME = Cooling(5, 300, after=2)
CROWDED = Cooling(15, 120)
LIMITED = Cooling(30, 30, is_named=True)
LONG = Cooling(LASTING, LASTING)
UNTIL_CHANGED = Cooling(math.inf, math.inf)

REFUSED = Policy()
NEXT = Policy(falls_back=True)
AGAIN = Policy(falls_back=True, retries=True)
REPEATED = Policy(falls_back=True, repeats=True)

POLICY: dict[Kind, Policy] = {
    Kind.UPSTREAM_UNREACHABLE: Policy(falls_back=True, retries=True, cools=SECOND_TIME),
    Kind.UPSTREAM_BUSY: AGAIN,
    Kind.UPSTREAM_UNAVAILABLE: Policy(falls_back=True, retries=True, cools=BROKEN),
    # A second try after a timeout may pay twice for one answer.
    Kind.UPSTREAM_TIMEOUT: Policy(falls_back=True, cools=SECOND_TIME),
    Kind.UPSTREAM_GATEWAY_TIMEOUT: Policy(falls_back=True, cools=BROKEN),
    Kind.UPSTREAM_CONFLICT: NEXT,
    Kind.UPSTREAM_ERROR: Policy(falls_back=True, cools=BROKEN),
    Kind.UPSTREAM_OVERLOADED: Policy(falls_back=True, cools=CROWDED),
    Kind.UPSTREAM_RATE_LIMITED: Policy(falls_back=True, cools=LIMITED),
    Kind.UPSTREAM_QUOTA_SPENT: Policy(falls_back=True, cools=LONG),
    Kind.UPSTREAM_AUTH_FAILED: Policy(falls_back=True, cools=UNTIL_CHANGED),
    Kind.UPSTREAM_FORBIDDEN: NEXT,
    Kind.UPSTREAM_MODEL_NOT_FOUND: Policy(falls_back=True, cools=LONG),
    Kind.UPSTREAM_INVALID_RESPONSE: Policy(falls_back=True, cools=BROKEN),
    Kind.UPSTREAM_STREAM_TRUNCATED: Policy(falls_back=True, cools=BROKEN),
    Kind.NO_UPSTREAM_CREDENTIAL: NEXT,
    Kind.LOCAL_WORKER_UNAVAILABLE: NEXT,
    # The request may be innocent of it, and the worker is started again.
    Kind.LOCAL_WORKER_CRASHED: REPEATED,
    # Another backend does not crash at it.
    Kind.REQUEST_QUARANTINED: NEXT,
    Kind.MODEL_LOADING: NEXT,
    Kind.MODEL_NOT_INSTALLED: NEXT,
    Kind.MODEL_DOES_NOT_FIT: NEXT,
    Kind.CONTEXT_DOES_NOT_FIT: NEXT,
    Kind.QUEUE_FULL: NEXT,
}

# Kinds that tell a client to come back: of several failures one of these is shown.
PASSING = (
    Kind.UPSTREAM_RATE_LIMITED,
    Kind.UPSTREAM_OVERLOADED,
    Kind.UPSTREAM_UNAVAILABLE,
    Kind.LOCAL_WORKER_UNAVAILABLE,
    Kind.LOCAL_WORKER_CRASHED,
    Kind.MODEL_LOADING,
    Kind.QUEUE_FULL,
)


def policy(kind: Kind) -> Policy:
    return POLICY.get(kind, REFUSED)


def cooling_after(error: GatewayError) -> Cooling | None:
    """A page in place of an error with 413, say, is about the request as much as the error would have been."""
    answer = error.answer if isinstance(error, BackendError) else None
    if error.kind is Kind.UPSTREAM_INVALID_RESPONSE and answer is not None and 400 <= answer.status < 500:
        return None
    return policy(error.kind).cools


def wait_to_retry(error: GatewayError, *, last: bool) -> float | None:
    """Seconds until the same target may be tried again; None: not at all. `last`: no other target follows."""
    if error.kind is Kind.UPSTREAM_RATE_LIMITED:
        soon = error.retry_after is not None and error.retry_after <= LONGEST_WAIT_TO_RETRY
        return error.retry_after if soon else None
    if last and policy(error.kind).repeats:
        return 0.0
    if policy(error.kind).retries:
        return random.uniform(0.05, 0.25)  # noqa: S311 - jitter, no secret
    return None
