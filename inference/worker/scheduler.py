"""The one thread that runs the models: who waits, who begins, who is cancelled, and one step after the other.

The methods are called from the connections' side and never block; what there is to say is handed to `deliver`, which
the thread calls once a step.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inference.errors import GatewayError, Kind
from inference.protocols import wire
from inference.worker.fairness import FairQueue
from inference.worker.models import Models, Resident
from inference.worker.work import Caller, Update, Work, failed, unanswered

log = logging.getLogger(__name__)

# How long prompts are taken in before the answers being written get their next token.
ADMISSION_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Errand:
    """Something else for the thread to do. `caller` learns of a failure."""

    caller: Caller | None
    run: Callable[[], Sequence[Update]]


class Scheduler:
    """`memory` tells how many bytes the models hold, `prefixes` what is kept of prompts."""

    def __init__(
        self,
        models: Models,
        deliver: Callable[[Sequence[Update]], None],
        *,
        queue_limit: int,
        memory: Callable[[], int],
        prefixes: Callable[[], wire.Prefixes] = wire.Prefixes,
    ) -> None:
        self._models = models
        self._deliver = deliver
        self._queue_limit = queue_limit
        self._memory = memory
        self._prefixes = prefixes
        self._changed = threading.Condition()
        self._waiting: FairQueue[Work] = FairQueue()
        self._errands: list[Errand] = []
        self._stopping = False
        self._steps = 0
        self._step_seconds = 0.0
        self._loaded: tuple[wire.LoadedModel, ...] = ()
        self._bytes = 0
        self._kept = wire.Prefixes()
        self._thread = threading.Thread(target=self._run, name="mlx", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """End after the current step. False: the thread did not come to its end in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def submit(self, work: Work) -> None:
        """Raises GatewayError when too many wait already."""
        with self._changed:
            if len(self._waiting) >= self._queue_limit:
                raise GatewayError(Kind.QUEUE_FULL, "Too many requests wait for the local models.", retry_after=1)
            self._waiting.put(work.tenant, work)
            self._changed.notify()

    def cancel(self, unwanted: Callable[[Caller], bool]) -> None:
        """End the requests of these callers, at whatever stage they are."""
        with self._changed:
            waiting = self._waiting.remove(lambda work: unwanted(work.caller))
        if waiting:
            self._deliver([unanswered(work.caller) for work in waiting])
        self._later(None, lambda: [update for resident in self._models for update in resident.batch.cancel(unwanted)])

    def load(self, caller: Caller, model: str) -> None:
        def bring() -> Sequence[Update]:
            self._models.batch(model)
            return [Update(caller, wire.Result(caller.id))]

        self._later(caller, bring)

    def unload(self, caller: Caller, model: str) -> None:
        """Answers that the model is writing fail."""

        def leave() -> Sequence[Update]:
            error = GatewayError(Kind.LOCAL_WORKER_UNAVAILABLE, f"model: {model} was unloaded.", retry_after=1)
            updates = [u for r in self._models if r.installed.name == model for u in r.batch.fail(error)]
            self._models.drop(model)
            return [*updates, Update(caller, wire.Result(caller.id))]

        self._later(caller, leave)

    def ping(self, caller: Caller) -> None:
        def probe() -> Sequence[Update]:
            for resident in self._models:
                resident.batch.probe()
            return [Update(caller, wire.Result(caller.id))]

        self._later(caller, probe)

    def later(self, run: Callable[[], None]) -> None:
        """Have the thread run this between two steps."""

        def errand() -> Sequence[Update]:
            run()
            return []

        self._later(None, errand)

    def status(self) -> wire.Status:
        models = self._loaded
        with self._changed:
            waiting = len(self._waiting)
        return wire.Status(
            steps=self._steps,
            step_seconds=self._step_seconds,
            active=sum(model.active for model in models),
            waiting=waiting,
            loading=self._models.loading,
            memory=self._bytes,
            models=models,
            prefixes=self._kept,
        )

    def _later(self, caller: Caller | None, run: Callable[[], Sequence[Update]]) -> None:
        with self._changed:
            self._errands.append(Errand(caller, run))
            self._changed.notify()

    # On the thread.

    def _run(self) -> None:
        while self._wait():
            self._note()
            updates = [update for errand in self._take_errands() for update in self._attempt(errand)]
            updates += self._admit()
            for resident in self._models:
                if len(resident.batch):
                    updates += self._step(resident)
            self._note()
            if updates:
                self._deliver(updates)
        for resident in self._models:
            self._models.drop(resident.installed.name)

    def _wait(self) -> bool:
        """Until there is something to do; False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._errands or self._waiting or self._is_writing())
            return not self._stopping

    def _is_writing(self) -> bool:
        return any(len(resident.batch) for resident in self._models)

    def _take_errands(self) -> list[Errand]:
        with self._changed:
            errands, self._errands = self._errands, []
        return errands

    def _attempt(self, errand: Errand) -> Sequence[Update]:
        try:
            return errand.run()
        except GatewayError as error:
            problem = error
        except Exception:
            log.exception("errand failed")
            problem = GatewayError(Kind.INTERNAL_ERROR, "The local worker failed at this.")
        return [failed(errand.caller, problem)] if errand.caller else []

    def _admit(self) -> list[Update]:
        updates: list[Update] = []
        until = time.monotonic() + ADMISSION_SECONDS
        while time.monotonic() < until:
            with self._changed:
                work = self._waiting.pop(lambda work: self._models.has_room(work.model))
            if work is None:
                break
            updates += self._begin(work)
        return updates

    def _begin(self, work: Work) -> list[Update]:
        if work.expires < time.monotonic():
            error = GatewayError(Kind.QUEUE_FULL, "The request waited too long for the local model.", retry_after=1)
            return [failed(work.caller, error)]
        try:
            self._models.batch(work.model, work.kind).admit(work)
        except GatewayError as error:
            return [failed(work.caller, error)]
        except Exception:
            log.exception("request failed to begin model=%s", work.model)
            return [failed(work.caller, GatewayError(Kind.INTERNAL_ERROR, "The request could not be begun."))]
        return []

    def _step(self, resident: Resident) -> list[Update]:
        began = time.monotonic()
        try:
            return resident.batch.step()
        except Exception:
            # What MLX raises leaves the batch in an unknown state: the model is loaded anew for the next request.
            log.exception("step failed model=%s", resident.installed.name)
            updates = resident.batch.fail(GatewayError(Kind.INTERNAL_ERROR, "The local model failed."))
            self._models.drop(resident.installed.name)
            return updates
        finally:
            self._steps += 1
            self._step_seconds = time.monotonic() - began

    def _note(self) -> None:
        """Keep what `status` shows: the other thread may not look into the batches."""
        self._bytes = self._memory()
        self._kept = self._prefixes()
        self._loaded = tuple(
            wire.LoadedModel(resident.installed.name, resident.installed.size, len(resident.batch))
            for resident in self._models
        )
