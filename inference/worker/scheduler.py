"""The one thread that runs the models: errands, who begins, a piece of a model to be loaded, a step of each in turn.

The methods are called from the connections' side and never block; what there is to say is handed to `deliver`, which
the thread calls once a step.
"""

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from inference.errors import GatewayError, Kind
from inference.protocols import wire
from inference.worker.admission import Admission
from inference.worker.inbox import Errand, Inbox
from inference.worker.models import Models
from inference.worker.residents import Resident
from inference.worker.throughput import Throughput
from inference.worker.work import Caller, Update, Wish, Work, failed, unanswered

log = logging.getLogger(__name__)

# How often those who wait for a model to have been of use, with nothing else going on, are looked at again.
LOOK_AGAIN = 0.05


class Scheduler:
    """`memory` tells how many bytes MLX holds, `prefixes` what is kept of prompts.

    `queue_tokens`: so many may wait, over all requests.
    """

    def __init__(
        self,
        models: Models,
        deliver: Callable[[Sequence[Update]], None],
        *,
        queue_limit: int,
        queue_tokens: int,
        memory: Callable[[], int],
        prefixes: Callable[[], wire.Prefixes] = wire.Prefixes,
    ) -> None:
        self._models = models
        self._residents = models.residents
        self._deliver = deliver
        self._memory = memory
        self._prefixes = prefixes
        self._inbox = Inbox(most=queue_limit, tokens=queue_tokens)
        self._admission = Admission(self._inbox, models)
        self._generation = -1
        self._steps = 0
        self._step_seconds = 0.0
        self._loaded: tuple[wire.LoadedModel, ...] = ()
        self._bytes = 0
        self._kept = wire.Prefixes()
        self._reading = 0
        self._throughput = Throughput()
        self._thread = threading.Thread(target=self._run, name="mlx", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """End after the current step. False: the thread did not come to its end in time."""
        self._inbox.stop()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def expecting(self) -> AbstractContextManager[None]:
        """Around what leads to a `submit`: those who come at the same time begin together."""
        return self._inbox.expecting()

    def submit(self, work: Work) -> None:
        """Raises GatewayError when too many wait already."""
        self._inbox.submit(work)

    def cancel(self, unwanted: Callable[[Caller], bool]) -> None:
        """End the requests of these callers, at whatever stage they are."""
        waiting = self._inbox.remove(lambda work: unwanted(work.caller))
        if waiting:
            self._deliver([unanswered(work.caller) for work in waiting])
        self._later(None, lambda: [update for one in self._residents for update in self._cancel(one, unwanted)])

    def configure(self, generation: int, options: Sequence[wire.ModelOptions]) -> None:
        """Every gateway process tells the same: what is not newer is known."""

        def heed() -> Sequence[Update]:
            if generation > self._generation:
                self._generation = generation
                self._models.configure(options)
            return []

        self._later(None, heed)

    def load(self, caller: Caller, model: str) -> None:
        self.submit(Work(caller, "", Wish(model), math.inf))

    def unload(self, caller: Caller, model: str) -> None:
        """Answers that the model is writing fail."""

        def leave() -> Sequence[Update]:
            error = GatewayError(Kind.LOCAL_WORKER_UNAVAILABLE, f"model: {model} was unloaded.", retry_after=1)
            resident = self._residents.get(model)
            updates = [] if resident is None else resident.batch.fail(error)
            self._models.drop(model)
            return [*updates, Update(caller, wire.Result(caller.id))]

        self._later(caller, leave)

    def ping(self, caller: Caller) -> None:
        def probe() -> Sequence[Update]:
            for resident in self._residents:
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
        return wire.Status(
            steps=self._steps,
            step_seconds=self._step_seconds,
            active=sum(model.active for model in models),
            waiting=len(self._inbox),
            loading=self._models.loading,
            memory=self._bytes,
            models=models,
            prefixes=self._kept,
            budget=self._models.budget,
            reading=self._reading,
            read=self._throughput.read,
            written=self._throughput.written,
            speed=self._throughput.speed(),
            pid=os.getpid(),
        )

    def _later(self, caller: Caller | None, run: Callable[[], Sequence[Update]]) -> None:
        self._inbox.leave(Errand(caller, run))

    # On the thread.

    def _run(self) -> None:
        while self._wait():
            updates = [update for errand in self._inbox.take_errands() for update in self._attempt(errand)]
            updates += self._admission.admit()
            self._residents.let_go()
            self._models.advance(self._step_seconds if self._is_writing() else math.inf)
            # Before the step, which may never end: whoever watches shall know of what.
            self._note()
            for resident in self._residents:
                if len(resident.batch):
                    updates += self._step(resident)
            self._note()
            if updates:
                self._deliver(updates)
        for resident in self._residents:
            self._models.drop(resident.name)

    def _wait(self) -> bool:
        """Until there is something to do; False at the end."""
        if not self._is_writing() and not self._models.is_loading:
            stuck = self._admission.stuck
            self._inbox.wait(stuck, LOOK_AGAIN if stuck else self._residents.idle_seconds())
        return not self._inbox.is_stopping

    def _is_writing(self) -> bool:
        return any(len(resident.batch) for resident in self._residents)

    def _attempt(self, errand: Errand) -> Sequence[Update]:
        try:
            return errand.run()
        except GatewayError as error:
            problem = error
        except Exception:
            log.exception("errand failed")
            problem = GatewayError(Kind.INTERNAL_ERROR, "The local worker failed at this.")
        return [failed(errand.caller, problem)] if errand.caller else []

    def _step(self, resident: Resident) -> list[Update]:
        began, batch = time.monotonic(), resident.batch
        read, written = batch.read, batch.written
        updates: list[Update] = []
        try:
            for update in batch.step():
                updates.append(update)
        except Exception:
            log.exception("step failed model=%s", resident.name)
            updates += self._give_up(resident)
        finally:
            self._throughput.add(read=batch.read - read, written=batch.written - written)
            self._steps += 1
            self._step_seconds = time.monotonic() - began
        return updates

    def _cancel(self, resident: Resident, unwanted: Callable[[Caller], bool]) -> Sequence[Update]:
        try:
            return resident.batch.cancel(unwanted)
        except Exception:
            log.exception("cancel failed model=%s", resident.name)
            return self._give_up(resident)

    def _give_up(self, resident: Resident) -> list[Update]:
        """What MLX raises leaves the batch in an unknown state: the model is loaded anew for the next request."""
        updates = resident.batch.fail(GatewayError(Kind.INTERNAL_ERROR, "The local model failed."))
        self._models.drop(resident.name)
        return updates

    def _note(self) -> None:
        """Keep what `status` shows: the other thread may not look into the batches."""
        self._bytes = self._memory()
        self._kept = self._prefixes()
        self._reading = sum(resident.batch.reading for resident in self._residents)
        self._loaded = tuple(
            wire.LoadedModel(resident.name, resident.batch.weights, len(resident.batch)) for resident in self._residents
        )
