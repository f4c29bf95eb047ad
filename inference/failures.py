"""Of the failures of several attempts, what the client is told."""

import math
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
    """`protocol` is the backend's. `was_asked` False: the target is cooling down, and the error is why."""

    error: GatewayError
    target: Target
    protocol: str
    was_asked: bool = True


def cooling_error(kind: Kind, seconds: float) -> GatewayError:
    """In our own words: the upstream's were meant for somebody else's request."""
    if seconds == math.inf:
        again = "It is not asked again until the configuration changes."
        return GatewayError(kind, f"The upstream refused the gateway's credential. {again}")
    return GatewayError(kind, "The upstream has failed lately and is not asked again yet.", retry_after=seconds)


def summed_up(failures: Sequence[Failure], model: str) -> AttemptsFailed:
    """Of several show the last that passes by itself, with the shortest wait any of them named.

    `model` is the name the client knows it by.
    """
    asked = [failure for failure in failures if failure.was_asked]
    if not asked:
        return all_cooling(failures, model)
    passing = [failure for failure in failures if failure.error.kind in PASSING]
    # That a fallback could not take the request says nothing of why it was asked.
    falling = [failure for failure in failures if policy(failure.error.kind).falls_back]
    # It says more than the crash that has led to it.
    found_out = [failure for failure in failures if failure.error.kind is Kind.REQUEST_QUARANTINED]
    shown = (found_out or passing or falling or failures)[-1]
    waits = [failure.error.retry_after for failure in falling if failure.was_asked or failure is shown]
    return shown_as(shown, shown.error, waits=waits, attempts=len(asked), model=model)


def all_cooling(failures: Sequence[Failure], model: str) -> AttemptsFailed:
    """Nobody was asked. What does not pass while a client waits is shown as what it is."""
    brief = [failure for failure in failures if not is_lasting(failure.error.kind)]
    shown = (brief or failures)[-1]
    waits = [failure.error.retry_after for failure in failures]
    error = GatewayError(Kind.NO_BACKEND_AVAILABLE, shown.error.message) if brief else shown.error
    return shown_as(shown, error, waits=waits, attempts=0, model=model)


def is_lasting(kind: Kind) -> bool:
    cooling = policy(kind).cools
    return cooling is not None and cooling.is_lasting


def shown_as(
    shown: Failure, error: GatewayError, *, waits: Sequence[float | None], attempts: int, model: str
) -> AttemptsFailed:
    failed = AttemptsFailed(error, target=shown.target, protocol=shown.protocol, attempts=attempts)
    named = [wait for wait in waits if wait is not None]
    failed.retry_after = min(*named, LONGEST_RETRY_AFTER) if named else None
    if failed.kind is Kind.UPSTREAM_MODEL_NOT_FOUND:
        failed.message = f"model: {model}"
    return failed
