"""Which targets have failed lately and are left alone for a while, in this process. What each failure costs is in
`policy.py`. Knows no request and no route; the clock is monotonic and handed in.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from inference.errors import GatewayError, Kind
from inference.policy import Cooling, cooling_after, policy
from routing.route import Target

MOST_SPOTS = 1024
STRIKES_COUNT_FOR = 60.0


class Spot(msgspec.Struct, frozen=True):
    """What cools down: a model at an upstream. That it lacks one address says nothing of its others.

    A target holds its credential, so that another key or base URL makes another spot.
    """

    target: Target
    purpose: str


@dataclass(frozen=True, slots=True)
class CoolDown:
    """`until` is infinite where only a change of the configuration helps. `level` 0: a first strike, which is free.

    `is_probed`: the time is over, and one request finds out for the others.
    """

    kind: Kind
    since: float
    until: float
    level: int
    is_probed: bool = False


class Visit(msgspec.Struct, frozen=True):
    """Leave to ask. Its holder tells `failed` or `succeeded` if there is something to tell, and then `leave`."""

    spot: Spot
    began: float
    is_probe: bool = False


def name_of(target: Target) -> str:
    return f"{target.backend} {target.model}"


class Cooldowns:
    """A new generation of the configuration drops them all: whoever changed it may have mended what was broken."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        generation: Callable[[], int] = lambda: 0,
        most: int = MOST_SPOTS,
    ) -> None:
        self.clock = clock
        self._generation = generation
        self._most = most
        self._known: dict[Spot, CoolDown] = {}
        self._known_in = generation()

    def visit(self, spot: Spot, *, alone: bool = False) -> Visit | CoolDown:
        """Leave to ask, or why not. `alone`: nobody else could answer, so that all but an endless one is overruled."""
        self._follow()
        now = self.clock()
        # Most of the time nothing cools down, and to find a spot takes a hash of all that a target is.
        found = self._known.get(spot) if self._known else None
        if found is None or found.level == 0:
            return Visit(spot, now)
        if now < found.until or found.is_probed:
            return Visit(spot, now) if alone and found.until < math.inf else found
        self._known[spot] = replace(found, is_probed=True)
        return Visit(spot, now, is_probe=True)

    def failed(self, visit: Visit, error: GatewayError) -> None:
        cooling = cooling_after(error)
        # The local worker watches over itself, and what has no credential is not asked at all.
        if cooling is None or visit.spot.target.upstream is None:
            return
        self._follow()
        found = self._known.pop(visit.spot, None)
        self._known[visit.spot] = self._after(found, cooling, error)
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def succeeded(self, visit: Visit) -> None:
        """An answer to what was asked before the failure does not tell that it is over."""
        found = self._known.get(visit.spot) if self._known else None
        if found is not None and found.since <= visit.began:
            del self._known[visit.spot]

    def leave(self, visit: Visit) -> None:
        """Whatever came of it, another may probe now."""
        if visit.is_probe and (found := self._known.get(visit.spot)) is not None:
            self._known[visit.spot] = replace(found, is_probed=False)

    def left(self, found: CoolDown) -> float:
        """Seconds."""
        return max(0.0, found.until - self.clock())

    def targets(self) -> list[Target]:
        """All that cool down now. For any thread."""
        if self._known_in != self._generation():
            return []
        now = self.clock()
        return list({spot.target: None for spot, found in list(self._known.items()) if now < found.until})

    def _after(self, found: CoolDown | None, cooling: Cooling, error: GatewayError) -> CoolDown:
        now = self.clock()
        level = found.level if found is not None and policy(found.kind).cools == cooling else 0
        if found is None or now >= found.until:
            recent = found is not None and (found.level > 0 or now - found.since <= STRIKES_COUNT_FOR)
            if cooling.after > 1 and not recent:
                return CoolDown(error.kind, now, now, 0)
            level += 1
        until = now + cooling.seconds(max(1, level), error.retry_after)
        if found is not None and found.until > until:
            return replace(found, since=now)
        return CoolDown(error.kind, now, until, max(1, level))

    def _follow(self) -> None:
        generation = self._generation()
        if generation != self._known_in:
            self._known.clear()
            self._known_in = generation
