"""The models that requests name: loaded when they are first asked for, as far as the budget goes."""

import logging
import time
from collections.abc import Iterable
from typing import Literal

from inference import budget
from inference.errors import GatewayError, Kind
from inference.installed import ModelKind
from inference.load_crashes import LoadCrashes
from inference.protocols import wire
from inference.worker.arrival import AnyBatch, Arrival, Arrived, Load
from inference.worker.batch import Batch
from inference.worker.catalogue import LookUp, check_kind
from inference.worker.options import Options
from inference.worker.residents import Kept, Resident, Residents
from inference.worker.work import Wish, Work

log = logging.getLogger(__name__)

# How long a model is loaded before others have their turn: at least, however short a step of theirs is, and at most.
LEAST_SECONDS = 0.005
MOST_SECONDS = 0.03
RETRY_AFTER = 5
# Seconds after which the files of a model in memory are looked at again, once somebody asks for it.
LOOK_AGAIN = 1.0

type Verdict = Literal["now", "later", "short"]


class Models:
    """Called on the MLX thread, but for `loading`. `budget` is in bytes; `kept` is the first to give way."""

    def __init__(self, look_up: LookUp, load: Load, *, budget: int, kept: Kept, crashes: LoadCrashes) -> None:
        self.budget = budget
        self._options = Options()
        self._arrival = Arrival(look_up, load, crashes=crashes)
        self._preload: list[str] = []
        self.residents = Residents(budget, kept, arrival=self._arrival, options=self._options)

    @property
    def loading(self) -> str | None:
        return self._arrival.name

    @property
    def is_loading(self) -> bool:
        """Whether `advance` has something to do."""
        return self.loading is not None or bool(self._preload)

    @property
    def spare(self) -> int:
        """Bytes that nothing takes now."""
        return max(self.residents.free(), 0)

    def configure(self, options: Iterable[wire.ModelOptions]) -> None:
        self._preload = list(dict.fromkeys([*self._preload, *self._options.configure(options)]))
        for resident in self.residents:
            self._instruct(resident)

    def verdict(self, work: Work) -> Verdict:
        """Whether a request can begin now; if not, what stands in its way is begun to be cleared.

        `short`: it waits for memory that requests of its model, or of others, have now. Raises GatewayError where it
        can never begin, or its model could not be loaded.
        """
        resident = self.residents.get(work.model)
        if resident is None:
            self._bring(work.model, work.kind, urgent=True)
            return "later"
        check_kind(resident.plan.model, work.kind)
        if resident.plan.options != self._options.load(work.model) or self._is_replaced(resident):
            self._load_anew(resident)
            return "later"
        if isinstance(work.job, Wish):
            return "now"
        if self.residents.is_leaving(work.model) or not resident.batch.has_place(work):
            return "later"
        resident.batch.prepare(work, self.residents.attainable(resident))
        lacking = -self.residents.free(resident, work)
        if lacking > 0:
            self.residents.give_way(lacking, for_model=work.model, urgent=False)
        return "now" if self.residents.free(resident, work) >= 0 else "short"

    def too_late(self, name: str) -> GatewayError:
        """Why a request for the model has waited too long."""
        if self.residents.get(name) is not None:
            return GatewayError(Kind.QUEUE_FULL, "The request waited too long for the local model.", retry_after=1)
        return GatewayError(Kind.MODEL_LOADING, f"model: {name} is loading.", retry_after=RETRY_AFTER)

    def batch(self, name: str) -> AnyBatch:
        """Of a model in memory."""
        resident = self.residents.get(name)
        assert resident is not None
        return resident.batch

    def advance(self, step: float) -> None:
        """Go on with what is being loaded, for as long as a `step` of others takes, in seconds.

        Begin with what is to be there before it is asked for.
        """
        if self.loading is None and self._preload:
            self._bring_early(self._preload[0])
        until = time.monotonic() + min(max(step, LEAST_SECONDS), MOST_SECONDS)
        while self.loading is not None and time.monotonic() < until:
            arrived = self._arrival.go_on()
            if arrived is not None:
                self._settle(arrived)

    def drop(self, name: str) -> None:
        self._arrival.give_up(name)
        self.residents.drop(name)

    def _bring(self, name: str, kind: ModelKind | None, *, urgent: bool) -> None:
        """Begin to load the model if there is room, or make room. `urgent`: others finish their answers and leave."""
        model = self._arrival.look_at(name, kind, self._options.load(name))
        if self.loading is not None:
            return
        budget.check(name, model.needs, self.residents.attainable())
        lacking = model.needs - self.residents.free()
        if lacking > 0:
            self.residents.give_way(lacking, for_model=name, urgent=urgent)
        if self.residents.free() >= model.needs:
            log.info("model loads model=%s bytes=%d", name, model.needs)
            self._arrival.begin(model)

    def _is_replaced(self, resident: Resident) -> bool:
        """Whether other files lie where it was loaded from, whole ones. One that writes goes on as it is."""
        now = time.monotonic()
        if len(resident.batch) or now - resident.looked_at < LOOK_AGAIN:
            return False
        resident.looked_at = now
        try:
            stamp = self._arrival.look_at(resident.name, None, resident.plan.options).stamp()
        except GatewayError:
            return False
        return stamp.is_settled and stamp != resident.stamp

    def _load_anew(self, resident: Resident) -> None:
        """Once what it writes is finished."""
        if not len(resident.batch):
            self.drop(resident.name)

    def _bring_early(self, name: str) -> None:
        try:
            if self.residents.get(name) is None:
                self._bring(name, None, urgent=False)
        except GatewayError as error:
            log.warning("model is not loaded ahead: %s", error.message)
        if self.loading in (None, name):
            self._preload.remove(name)

    def _settle(self, arrived: Arrived) -> None:
        resident = self.residents.add(arrived)
        self._instruct(resident)
        name, weights = resident.name, resident.batch.weights
        log.info("model loaded model=%s bytes=%d seconds=%.2f", name, weights, arrived.seconds)
        if self.residents.free() < 0:
            self.drop(name)
            message = (
                f"model: {name} does not fit: it took {budget.readable(weights)} of memory, more than its files say."
            )
            self._arrival.fail(arrived.plan, GatewayError(Kind.MODEL_DOES_NOT_FIT, message, param="model"))

    def _instruct(self, resident: Resident) -> None:
        if isinstance(resident.batch, Batch):
            resident.batch.max_context = self._options.max_context(resident.name)
