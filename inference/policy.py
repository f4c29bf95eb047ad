"""What a failed attempt leads to: the one table from a kind of error to retry and fallback.

A retry tries the same target again, at most once. A kind that is not here ends the request: another provider would
refuse it as well.
"""

from dataclasses import dataclass

from inference.errors import Kind


@dataclass(frozen=True, slots=True)
class Policy:
    falls_back: bool = False
    retries: bool = False


REFUSED = Policy()
NEXT = Policy(falls_back=True)
AGAIN = Policy(falls_back=True, retries=True)

POLICY: dict[Kind, Policy] = {
    Kind.UPSTREAM_UNREACHABLE: AGAIN,
    Kind.UPSTREAM_BUSY: AGAIN,
    Kind.UPSTREAM_UNAVAILABLE: AGAIN,
    # A second try after a timeout may pay twice for one answer.
    Kind.UPSTREAM_TIMEOUT: NEXT,
    Kind.UPSTREAM_CONFLICT: NEXT,
    Kind.UPSTREAM_ERROR: NEXT,
    Kind.UPSTREAM_OVERLOADED: NEXT,
    Kind.UPSTREAM_RATE_LIMITED: NEXT,
    Kind.UPSTREAM_QUOTA_SPENT: NEXT,
    Kind.UPSTREAM_AUTH_FAILED: NEXT,
    Kind.UPSTREAM_FORBIDDEN: NEXT,
    Kind.UPSTREAM_MODEL_NOT_FOUND: NEXT,
    Kind.UPSTREAM_INVALID_RESPONSE: NEXT,
    Kind.UPSTREAM_STREAM_TRUNCATED: NEXT,
    Kind.NO_UPSTREAM_CREDENTIAL: NEXT,
    Kind.LOCAL_WORKER_UNAVAILABLE: NEXT,
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
    Kind.MODEL_LOADING,
    Kind.QUEUE_FULL,
)


def policy(kind: Kind) -> Policy:
    return POLICY.get(kind, REFUSED)
