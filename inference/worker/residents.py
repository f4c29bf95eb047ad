"""The models in memory and the bytes they take: what is left for a request or a model, and who leaves for it."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from inference.model_stamps import Stamp
from inference.worker import memory, residency
from inference.worker.arrival import AnyBatch, Arrival, Arrived
from inference.worker.options import Options
from inference.worker.plans import Plan
from inference.worker.work import Work

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Resident:
    """The times are on the monotonic clock. `stays_until`: it makes room for no other before.

    `stamp` is that of the files that it was loaded from, `looked_at` when they were last looked at again.
    """

    plan: Plan
    stamp: Stamp
    batch: AnyBatch
    stays_until: float
    used_at: float
    looked_at: float

    @property
    def name(self) -> str:
        return self.plan.name


class Kept(Protocol):
    """What is held beyond the requests, because it may be of use again."""

    @property
    def size(self) -> int: ...

    def shrink(self, wanted: int) -> int:
        """Free so many bytes, or all there are; how many were freed."""


class Residents:
    """`budget` is in bytes; `kept` is the first to give way. What `arrival` brings counts from its beginning."""

    def __init__(self, budget: int, kept: Kept, *, arrival: Arrival, options: Options) -> None:
        self.budget = budget
        self._kept = kept
        self._arrival = arrival
        self._options = options
        self._residents: dict[str, Resident] = {}
        self._leaving: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[Resident]:
        return iter(list(self._residents.values()))

    def get(self, name: str) -> Resident | None:
        return self._residents.get(name)

    def add(self, arrived: Arrived) -> Resident:
        now = time.monotonic()
        stays_until = now + residency.stay(arrived.seconds)
        resident = Resident(arrived.plan, arrived.stamp, arrived.batch, stays_until, used_at=now, looked_at=now)
        self._residents[resident.name] = resident
        return resident

    def drop(self, name: str) -> None:
        resident = self._residents.pop(name, None)
        if resident is not None:
            resident.batch.close()
            log.info("model unloaded model=%s", name)

    def free(self, resident: Resident | None = None, work: Work | None = None) -> int:
        """Bytes that are left, once this request of the resident has begun; fewer than none where it has no room."""
        others = self._arrival.needs + self._kept.size
        needs = [one.batch.need(work if one is resident else None) for one in self]
        return memory.free(self.budget - others, [one.batch.weights for one in self], needs)

    def attainable(self, resident: Resident | None = None) -> int:
        """Bytes that the requests of this model can ever have; without one, that a model can that is to be loaded."""
        pinned = sum(one.batch.weights for one in self if one is not resident and self._options.is_pinned(one.name))
        return self.budget - pinned - (resident.batch.weights if resident is not None else 0)

    # Who leaves.

    def begin_round(self) -> None:
        """Forget who had to leave: who asks first in this round decides anew."""
        self._leaving = frozenset()

    def is_leaving(self, name: str) -> bool:
        """It finishes its answers, and begins none."""
        return name in self._leaving

    def give_way(self, lacking: int, *, for_model: str, urgent: bool) -> None:
        """Begin to make room of so many bytes. `urgent`: others finish their answers and leave."""
        lacking -= self._kept.shrink(min(lacking, self._kept.size))
        others = [one for one in self if one.name != for_model and not self._options.is_pinned(one.name)]
        chosen = residency.choose(map(candidate, others), lacking, busy=urgent)
        if not all(one.has_stayed for one in chosen):
            return
        if any(one.is_busy for one in chosen):
            self._leaving |= {one.name for one in chosen}
            return
        for one in chosen:
            self.drop(one.name)

    def let_go(self) -> None:
        """Drop the models that nobody has asked for long enough."""
        now = time.monotonic()
        for resident in self:
            if len(resident.batch):
                resident.used_at = now
            elif now >= self._idle_until(resident):
                self.drop(resident.name)

    def idle_seconds(self) -> float | None:
        """Until `let_go` has something to do; None: never, as things are."""
        ends = min((self._idle_until(resident) for resident in self), default=float("inf"))
        return None if ends == float("inf") else max(ends - time.monotonic(), 0.0)

    def _idle_until(self, resident: Resident) -> float:
        if len(resident.batch):
            return float("inf")
        return max(resident.used_at + self._options.idle_ttl(resident.name), resident.stays_until)


def candidate(resident: Resident) -> residency.Candidate:
    return residency.Candidate(
        resident.name,
        resident.batch.weights,
        is_busy=len(resident.batch) > 0,
        has_stayed=time.monotonic() >= resident.stays_until,
        used_at=resident.used_at,
    )
