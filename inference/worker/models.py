"""The models in memory, each with its batch: loaded when they are first asked for, as far as the budget goes."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

from inference import budget
from inference.errors import GatewayError, Kind
from inference.installed import Installed, ModelKind
from inference.protocols import wire
from inference.worker import memory, residency
from inference.worker.batch import Batch
from inference.worker.catalogue import LookUp, check_kind, installed, loading
from inference.worker.embedding_batch import EmbeddingBatch
from inference.worker.work import Wish, Work

log = logging.getLogger(__name__)

# How long a model is loaded before the answers being written get their next token.
LOADING_SECONDS = 0.03
# How long an unused model stays, in seconds, where its options do not say.
IDLE_TTL = 900.0
# How long a model that could not be loaded is not tried again.
BACK_OFF = 10.0
RETRY_AFTER = 5
# How long what the disk says of a model that is waited for is not asked again.
SEEN = 1.0

type AnyBatch = Batch | EmbeddingBatch
# Yields None between the pieces, and the batch at the end.
type Load = Callable[[Installed], Iterator[AnyBatch | None]]
type Verdict = Literal["now", "later", "short"]


@dataclass(slots=True)
class Resident:
    """The times are on the monotonic clock. `stays_until`: it makes room for no other before."""

    installed: Installed
    batch: AnyBatch
    stays_until: float
    used_at: float


@dataclass(slots=True)
class Coming:
    """A model that is being loaded."""

    installed: Installed
    pieces: Iterator[AnyBatch | None]
    began: float = field(default_factory=time.monotonic)


class Kept(Protocol):
    """What is held beyond the requests, because it may be of use again."""

    @property
    def size(self) -> int: ...

    def shrink(self, wanted: int) -> int:
        """Free so many bytes, or all there are; how many were freed."""


class Models:
    """Called on the MLX thread, but for `loading`. `budget` is in bytes; `kept` is the first to give way."""

    def __init__(self, look_up: LookUp, load: Load, *, budget: int, kept: Kept) -> None:
        self.budget = budget
        self._kept = kept
        self.loading: str | None = None
        self._look_up = look_up
        self._load = load
        self._residents: dict[str, Resident] = {}
        self._coming: Coming | None = None
        self._leaving: frozenset[str] = frozenset()
        self._options: dict[str, wire.ModelOptions] = {}
        self._preload: list[str] = []
        self._failed: dict[str, tuple[float, GatewayError]] = {}
        self._seen: dict[str, tuple[float, Installed]] = {}

    def __iter__(self) -> Iterator[Resident]:
        return iter(list(self._residents.values()))

    @property
    def is_loading(self) -> bool:
        """Whether `advance` has something to do."""
        return self._coming is not None or bool(self._preload)

    def configure(self, options: Iterable[wire.ModelOptions]) -> None:
        before, self._options = self._options, {one.name: one for one in options}
        fresh = [one.name for one in self._options.values() if one.preload and before.get(one.name) != one]
        self._preload = list(dict.fromkeys([*self._preload, *fresh]))
        for resident in self:
            self._instruct(resident)

    @property
    def spare(self) -> int:
        """Bytes that nothing takes now."""
        return max(self._free(), 0)

    def begin_round(self) -> None:
        """Forget who had to leave: who asks first in this round decides anew."""
        self._leaving = frozenset()

    def verdict(self, work: Work) -> Verdict:
        """Whether a request can begin now; if not, what stands in its way is begun to be cleared.

        `short`: it waits for memory that requests of its model, or of others, have now. Raises GatewayError where it
        can never begin, or its model could not be loaded.
        """
        resident = self._residents.get(work.model)
        if resident is None:
            self._bring(work.model, work.kind, urgent=True)
            return "later"
        check_kind(resident.installed, work.kind)
        if isinstance(work.job, Wish):
            return "now"
        if work.model in self._leaving or not resident.batch.has_room:
            return "later"
        resident.batch.prepare(work, self._room(resident))
        if not self._has(0, resident, work):
            self._give_way(-self._free(resident, work), for_model=work.model, urgent=False)
        return "now" if self._has(0, resident, work) else "short"

    def too_late(self, name: str) -> GatewayError:
        """Why a request for the model has waited too long."""
        if name in self._residents:
            return GatewayError(Kind.QUEUE_FULL, "The request waited too long for the local model.", retry_after=1)
        return GatewayError(Kind.MODEL_LOADING, f"model: {name} is loading.", retry_after=RETRY_AFTER)

    def batch(self, name: str) -> AnyBatch:
        return self._residents[name].batch

    def advance(self) -> None:
        """Go on with what is being loaded, for a moment; begin with what is to be there before it is asked for."""
        if self._coming is None and self._preload:
            self._bring_early(self._preload[0])
        until = time.monotonic() + LOADING_SECONDS
        while self._coming is not None and time.monotonic() < until:
            self._go_on(self._coming)

    def let_go(self) -> None:
        """Drop the models that nobody has asked for long enough."""
        now = time.monotonic()
        for resident in self:
            if len(resident.batch):
                resident.used_at = now
            elif now >= self._idle_until(resident):
                self.drop(resident.installed.name)

    def idle_seconds(self) -> float | None:
        """Until `let_go` has something to do; None: never, as things are."""
        ends = min((self._idle_until(resident) for resident in self), default=float("inf"))
        return None if ends == float("inf") else max(ends - time.monotonic(), 0.0)

    def drop(self, name: str) -> None:
        if self._coming is not None and self._coming.installed.name == name:
            self._coming = self.loading = None
        resident = self._residents.pop(name, None)
        if resident is not None:
            resident.batch.close()
            log.info("model unloaded model=%s", name)

    # Loading.

    def _bring(self, name: str, kind: ModelKind | None, *, urgent: bool) -> None:
        """Begin to load the model if there is room, or make room. `urgent`: others finish their answers and leave."""
        until, error = self._failed.get(name, (0.0, None))
        if error is not None and time.monotonic() < until:
            raise GatewayError(error.kind, error.message, param=error.param, retry_after=error.retry_after)
        model = self._look_at(name, kind)
        if self._coming is not None:
            return
        pinned = sum(one.batch.weights for one in self if self._is_pinned(one))
        budget.check(name, model.needs, self.budget - pinned)
        if not self._has(model.needs):
            self._give_way(model.needs - self._free(), for_model=name, urgent=urgent)
        if self._has(model.needs):
            log.info("model loads model=%s bytes=%d", name, model.needs)
            self._coming = Coming(model, self._load(model))
            self.loading = name

    def _bring_early(self, name: str) -> None:
        try:
            if name not in self._residents:
                self._bring(name, None, urgent=False)
        except GatewayError as error:
            log.warning("model is not loaded ahead: %s", error.message)
        if self._coming is None or self.loading == name:
            self._preload.remove(name)

    def _go_on(self, coming: Coming) -> None:
        try:
            with loading(coming.installed.name):
                batch = next(coming.pieces)
        except GatewayError as error:
            self._fail(coming.installed.name, error)
            return
        if batch is not None:
            self._settle(coming, batch)

    def _settle(self, coming: Coming, batch: AnyBatch) -> None:
        name, now = coming.installed.name, time.monotonic()
        seconds = now - coming.began
        self._coming = self.loading = None
        resident = Resident(coming.installed, batch, now + residency.stay(seconds), now)
        self._residents[name] = resident
        self._instruct(resident)
        log.info("model loaded model=%s bytes=%d seconds=%.2f", name, batch.weights, seconds)
        if self._free() < 0:
            taken = budget.readable(batch.weights)
            self.drop(name)
            message = f"model: {name} does not fit: it took {taken} of memory, more than its files say."
            self._fail(name, GatewayError(Kind.MODEL_DOES_NOT_FIT, message, param="model"))

    def _fail(self, name: str, error: GatewayError) -> None:
        self._coming = self.loading = None
        self._failed[name] = time.monotonic() + BACK_OFF, error

    def _look_at(self, name: str, kind: ModelKind | None) -> Installed:
        now = time.monotonic()
        self._seen = {known: (until, model) for known, (until, model) in self._seen.items() if now < until}
        if name not in self._seen:
            self._seen[name] = now + SEEN, installed(self._look_up, name)
        model = self._seen[name][1]
        check_kind(model, kind)
        return model

    # Memory.

    def _free(self, resident: Resident | None = None, work: Work | None = None) -> int:
        """Bytes that are left, once this request of the resident has begun."""
        coming = self._coming.installed.needs if self._coming is not None else 0
        others = coming + self._kept.size
        needs = [one.batch.need(work if one is resident else None) for one in self]
        return memory.free(self.budget - others, [one.batch.weights for one in self], needs)

    def _has(self, size: int, resident: Resident | None = None, work: Work | None = None) -> bool:
        return self._free(resident, work) >= size

    def _room(self, resident: Resident) -> int:
        """Bytes that the requests of this model can ever have."""
        pinned = sum(one.batch.weights for one in self if one is not resident and self._is_pinned(one))
        return self.budget - resident.batch.weights - pinned

    def _give_way(self, lacking: int, *, for_model: str, urgent: bool) -> None:
        lacking -= self._kept.shrink(min(lacking, self._kept.size))
        others = [one for one in self if one.installed.name != for_model and not self._is_pinned(one)]
        chosen = residency.choose(map(candidate, others), lacking, busy=urgent)
        if not all(one.has_stayed for one in chosen):
            return
        if any(one.is_busy for one in chosen):
            self._leaving |= {one.name for one in chosen}
            return
        for one in chosen:
            self.drop(one.name)

    # Options.

    def _is_pinned(self, resident: Resident) -> bool:
        options = self._options.get(resident.installed.name)
        return options is not None and options.pinned

    def _idle_until(self, resident: Resident) -> float:
        if self._is_pinned(resident) or len(resident.batch):
            return float("inf")
        options = self._options.get(resident.installed.name)
        given = options.idle_ttl if options is not None else None
        return max(resident.used_at + (IDLE_TTL if given is None else given), resident.stays_until)

    def _instruct(self, resident: Resident) -> None:
        options = self._options.get(resident.installed.name)
        if isinstance(resident.batch, Batch):
            resident.batch.max_context = options.max_context if options is not None else None


def candidate(resident: Resident) -> residency.Candidate:
    return residency.Candidate(
        resident.installed.name,
        resident.batch.weights,
        is_busy=len(resident.batch) > 0,
        has_stayed=time.monotonic() >= resident.stays_until,
        used_at=resident.used_at,
    )
