"""Of the failures of several attempts, what the client is told."""

from collections.abc import Sequence
from dataclasses import dataclass

from inference.errors import GatewayError, Kind
from inference.policy import PASSING, policy
from routing.route import Target

LONGEST_RETRY_AFTER = 60.0


class AttemptsFailed(GatewayError):
    """No target answered. `cause` is the failure to show, `protocol` the one its upstream spoke."""

    def __init__(self, cause: GatewayError, *, target: Target, protocol: str, attempts: int) -> None:
        super().__init__(cause.kind, cause.message, param=cause.param, retry_after=cause.retry_after)
        self.cause = cause
        self.warning = cause.warning
        self.target = target
        self.protocol = protocol
        self.attempts = attempts


@dataclass(frozen=True, slots=True)
class Failure:
    """`protocol` is the backend's."""

    error: GatewayError
    target: Target
    protocol: str


def summed_up(failures: Sequence[Failure], model: str) -> AttemptsFailed:
    """Of several show the last that passes by itself, with the shortest wait any of them named.

    `model` is the name the client knows it by.
    """
    passing = [failure for failure in failures if failure.error.kind in PASSING]
    # That a fallback could not take the request says nothing of why it was asked.
    falling = [failure for failure in failures if policy(failure.error.kind).falls_back]
    shown = (passing or falling or failures)[-1]
    waits = [failure.error.retry_after for failure in falling if failure.error.retry_after is not None]
    failed = AttemptsFailed(shown.error, target=shown.target, protocol=shown.protocol, attempts=len(failures))
    failed.retry_after = min(*waits, LONGEST_RETRY_AFTER) if waits else None
    if failed.kind is Kind.UPSTREAM_MODEL_NOT_FOUND:
        failed.message = f"model: {model}"
    return failed
