"""The one thread that runs the models: who waits, who begins, who is cancelled, and one step after the other.

Between two steps a piece of a model may be loaded.

The methods are called from the connections' side and never block; what there is to say is handed to `deliver`, which
the thread calls once a step.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inference.errors import GatewayError, Kind
from inference.protocols import wire
from inference.worker.fairness import FairQueue
from inference.worker.models import Models, Resident, Verdict
from inference.worker.work import Caller, Update, Wish, Work, failed, unanswered

log = logging.getLogger(__name__)

# How long prompts are taken in before the answers being written get their next token.
ADMISSION_SECONDS = 0.02

# How often those who wait for a model to have been of use, with nothing else going on, are looked at again.
LOOK_AGAIN = 0.05


@dataclass(frozen=True, slots=True)
class Errand:
    """Something else for the thread to do. `caller` learns of a failure."""

    caller: Caller | None
    run: Callable[[], Sequence[Update]]


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
        self._deliver = deliver
        self._queue_limit = queue_limit
        self._queue_tokens = queue_tokens
        self._memory = memory
        self._prefixes = prefixes
        self._changed = threading.Condition()
        self._waiting: FairQueue[Work] = FairQueue()
        self._errands: list[Errand] = []
        self._stuck = 0
        self._generation = -1
        self._stopping = False
        self._steps = 0
        self._step_seconds = 0.0
        self._loaded: tuple[wire.LoadedModel, ...] = ()
        self._bytes = 0
        self._kept = wire.Prefixes()
        self._reading = 0
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
            waiting = self._waiting.in_order()
            # A single request may be larger than all that may wait: nothing else is there to be held up by it.
            too_much = sum(each.size for each in waiting) + work.size > self._queue_tokens and waiting
            if len(waiting) >= self._queue_limit or too_much:
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
            budget=self._models.budget,
            reading=self._reading,
        )

    def _later(self, caller: Caller | None, run: Callable[[], Sequence[Update]]) -> None:
        with self._changed:
            self._errands.append(Errand(caller, run))
            self._changed.notify()

    # On the thread.

    def _run(self) -> None:
        while self._wait():
            updates = [update for errand in self._take_errands() for update in self._attempt(errand)]
            updates += self._expire()
            updates += self._admit()
            self._models.let_go()
            self._models.advance()
            # Before the step, which may never end: whoever watches shall know of what.
            self._note()
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
            if not self._is_writing() and not self._models.is_loading:
                timeout = LOOK_AGAIN if self._stuck else self._models.idle_seconds()
                self._changed.wait_for(
                    lambda: self._stopping or self._errands or len(self._waiting) > self._stuck, timeout
                )
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

    def _expire(self) -> list[Update]:
        """Refuse those who have waited too long."""
        now = time.monotonic()
        with self._changed:
            late = self._waiting.remove(lambda work: work.expires < now)
        return [failed(work.caller, self._models.too_late(work.model)) for work in late]

    def _admit(self) -> list[Update]:
        updates: list[Update] = []
        until = time.monotonic() + ADMISSION_SECONDS
        while time.monotonic() < until and (begun := self._next()) is not None:
            updates += begun
        with self._changed:
            self._stuck = len(self._waiting)
        return updates

    def _next(self) -> list[Update] | None:
        """Begin the first who can, or end the first who never can; None: all have to wait.

        Once one waits for memory, none may take it who came later.
        """
        with self._changed:
            waiting = self._waiting.in_order()
        self._models.begin_round()
        is_short = False
        for work in waiting:
            verdict = self._verdict(work)
            if isinstance(verdict, GatewayError):
                if self._take(work):
                    return [failed(work.caller, verdict)]
                continue
            is_short = is_short or verdict == "short"
            if verdict == "now" and not is_short and self._take(work):
                return self._begin(work)
        return None

    def _verdict(self, work: Work) -> Verdict | GatewayError:
        try:
            return self._models.verdict(work)
        except GatewayError as error:
            return error
        except Exception:
            # The model's tokenizer is foreign code: what it raises ends this request alone.
            log.exception("request failed to be read model=%s", work.model)
            return GatewayError(Kind.INTERNAL_ERROR, "The request could not be begun.")

    def _take(self, work: Work) -> bool:
        """False: it was cancelled meanwhile."""
        with self._changed:
            return self._waiting.take(work)

    def _begin(self, work: Work) -> list[Update]:
        if isinstance(work.job, Wish):
            return [Update(work.caller, wire.Result(work.caller.id))]
        try:
            self._models.batch(work.model).admit(work)
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
        self._reading = sum(resident.batch.reading for resident in self._models)
        self._loaded = tuple(
            wire.LoadedModel(resident.installed.name, resident.batch.weights, len(resident.batch))
            for resident in self._models
        )
