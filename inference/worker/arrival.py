"""The one model that is on its way into memory, piece by piece, and those that could not be loaded lately."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from inference.errors import GatewayError
from inference.installed import ModelKind
from inference.load_crashes import LoadCrashes
from inference.model_stamps import Stamp
from inference.protocols import wire
from inference.worker.batch import Batch
from inference.worker.catalogue import LookUp, check_kind, installed, loading
from inference.worker.embedding_batch import EmbeddingBatch
from inference.worker.plans import Plan, plan

# How long a model that could not be loaded is not tried again.
BACK_OFF = 10.0
# How long what the disk says of a model that is waited for is not asked again.
SEEN = 1.0

type AnyBatch = Batch | EmbeddingBatch
# Yields None between the pieces, and the batch at the end.
type Load = Callable[[Plan], Iterator[AnyBatch | None]]


@dataclass(frozen=True, slots=True)
class Failure:
    """Of a model with these options; others are tried at once. `until` is on the monotonic clock."""

    options: wire.LoadOptions
    error: GatewayError
    until: float


@dataclass(slots=True)
class Coming:
    """A model that is being loaded. `began` is on the monotonic clock."""

    plan: Plan
    stamp: Stamp
    pieces: Iterator[AnyBatch | None]
    began: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A model in memory, `seconds` after it was begun. `stamp` is that of its files before they were read."""

    plan: Plan
    stamp: Stamp
    batch: AnyBatch
    seconds: float


class Arrival:
    """`name` may be asked on any thread."""

    def __init__(self, look_up: LookUp, load: Load, *, crashes: LoadCrashes) -> None:
        self._look_up = look_up
        self._load = load
        self._crashes = crashes
        self._coming: Coming | None = None
        self._failed: dict[str, Failure] = {}
        self._seen: dict[str, tuple[float, Plan]] = {}

    @property
    def name(self) -> str | None:
        """The model that is coming; None: none is."""
        coming = self._coming
        return None if coming is None else coming.plan.name

    @property
    def needs(self) -> int:
        """Bytes that it will take."""
        return 0 if self._coming is None else self._coming.plan.needs

    def look_at(self, name: str, kind: ModelKind | None, options: wire.LoadOptions) -> Plan:
        """Raises GatewayError where the model cannot be loaded, or was found not to be a moment ago."""
        self._crashes.check(name)
        now = time.monotonic()
        failure = self._failed.get(name)
        if failure is not None and failure.options == options and now < failure.until:
            raise failure.error.anew()
        self._seen = {known: (until, seen) for known, (until, seen) in self._seen.items() if now < until}
        if name not in self._seen or self._seen[name][1].options != options:
            self._seen[name] = now + SEEN, plan(installed(self._look_up, name), options, self._look_up)
        seen = self._seen[name][1]
        check_kind(seen.model, kind)
        return seen

    def begin(self, plan: Plan) -> None:
        self._coming = Coming(plan, plan.stamp(), self._load(plan))

    def go_on(self) -> Arrived | None:
        """Load a piece; what has arrived with it. A failure is told by `look_at`."""
        coming = self._coming
        assert coming is not None
        try:
            with loading(coming.plan.name), self._crashes.noted(coming.plan.name):
                batch = next(coming.pieces)
        except GatewayError as error:
            self.fail(coming.plan, error)
            return None
        if batch is None:
            return None
        self._coming = None
        self._crashes.clear(coming.plan.name)
        return Arrived(coming.plan, coming.stamp, batch, time.monotonic() - coming.began)

    def fail(self, plan: Plan, error: GatewayError) -> None:
        self.give_up(plan.name)
        self._failed[plan.name] = Failure(plan.options, error, time.monotonic() + BACK_OFF)

    def give_up(self, name: str) -> None:
        if self.name == name:
            self._coming = None
