"""The thread that runs the models on scripted engines, so that every step is known and sizes are what a test says."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from inference import ir
from inference.footprints import Working
from inference.installed import Installed
from inference.load_crashes import LoadCrashes
from inference.protocols import native, wire
from inference.worker.adapter import TokenizerWrapper
from inference.worker.batch import Batch
from inference.worker.engine import Begun, Reading, Token
from inference.worker.memory import CacheLayer, Cost
from inference.worker.models import Models
from inference.worker.plans import Plan
from inference.worker.prompts import Prompt
from inference.worker.scheduler import Scheduler
from inference.worker.work import Caller, Update, Work
from tests.local_models import question

WINDOW = 4096
NOTHING: Mapping[str, int] = {}
NO_SIZES = {"one": 0, "two": 0}


class Kept:
    """What is held beyond the requests, of a size that a test gives."""

    def __init__(self, size: int) -> None:
        self.size = size

    def shrink(self, wanted: int) -> int:
        self.size -= wanted
        return wanted


class Script:
    """An engine that writes `a` for every row at every step, as often as it is let.

    A prompt with `boom` breaks it at a step, one with `stuck` when it is to be removed.
    """

    def __init__(self, tokenizer: TokenizerWrapper, cost: Cost, *, slots: int) -> None:
        self.tokenizer = tokenizer
        self.cost = cost
        self.slots = slots
        self.window = WINDOW
        self.needs_borders = False
        self.rows: dict[int, int] = {}
        self.prompts: list[str] = []
        self.steps = threading.Semaphore(0)
        self.closed = False

    def insert(self, prompt: list[int], _: ir.Sampling, /, *, max_tokens: int, **_more: object) -> Begun:
        self.prompts.append(self.tokenizer.decode(prompt))
        self.rows[len(self.prompts)] = max_tokens
        return Begun(len(self.prompts), 0)

    def step(self) -> Sequence[Token | Reading]:
        self.steps.acquire()
        if any("boom" in self.prompts[row - 1] for row in self.rows):
            raise RuntimeError("scripted failure")
        (letter,) = self.tokenizer.encode("a", add_special_tokens=False)
        self.rows = {row: left - 1 for row, left in self.rows.items()}
        written = [Token(row, letter, None if left else "length") for row, left in self.rows.items()]
        self.rows = {row: left for row, left in self.rows.items() if left}
        return written

    def remove(self, row: int) -> None:
        if "stuck" in self.prompts[row - 1]:
            raise RuntimeError("scripted failure")
        del self.rows[row]

    def close(self) -> None:
        self.closed = True


class Bench:
    """A scheduler with scripted engines, and what it has delivered.

    In bytes, as the `budget`: `sizes` of the models' weights, `needs` where their files say something else, and what a
    `token` takes in a cache.
    """

    def __init__(
        self,
        tokenizer: TokenizerWrapper,
        *,
        sizes: Mapping[str, int] = NO_SIZES,
        needs: Mapping[str, int] = NOTHING,
        budget: int = 0,
        token: int = 0,
        kept: int = 0,
        slots: int = 2,
        queue_limit: int = 4,
        queue_tokens: int = 1000,
    ) -> None:
        self.tokenizer = tokenizer
        self.engines: list[Script] = []
        self.updates: list[Update] = []
        self.plans: list[Plan] = []
        self.broken: set[str] = set()
        self.loadable = threading.Event()
        self.loadable.set()
        # Set by who first looks: what was submitted before that begins together.
        self.looked_at = threading.Event()

        def load(plan: Plan) -> Iterator[Batch | None]:
            self.plans.append(plan)
            while not (self.loadable.is_set() and self.looked_at.is_set()):
                time.sleep(0.001)
                yield None
            if plan.name in self.broken:
                raise RuntimeError("scripted failure")
            cost = Cost(sizes[plan.name], (CacheLayer(0, token),), Working())
            self.engines.append(Script(tokenizer, cost, slots=slots))
            yield Batch(self.engines[-1])

        said = {**sizes, **needs}
        installed = {name: Installed(name, Path(), "models", size, needs=size) for name, size in said.items()}
        self.kept = Kept(kept)
        self.models = Models(installed.get, load, budget=budget, kept=self.kept, crashes=LoadCrashes(None))
        self.scheduler = Scheduler(
            self.models,
            self.updates.extend,
            queue_limit=queue_limit,
            queue_tokens=queue_tokens,
            memory=lambda: 7,
        )
        self.scheduler.start()

    def submit(
        self,
        number: int,
        text: str = "hi",
        *,
        model: str = "one",
        tenant: str = "",
        batch: bool = False,
        stop: tuple[str, ...] = (),
        **work: float,
    ) -> None:
        tokens = int(work.get("max_tokens", 3))
        request = question(text, model=model, max_tokens=tokens or None, stop=stop)
        expires = time.monotonic() + work.get("deadline", 60)
        job = native.Job(request, thinking=False)
        prompt = Prompt(self.tokenizer.encode(text), thinks=False, goes_on=False)
        size = int(work.get("size", 1))
        self.scheduler.submit(Work(Caller(self, number), tenant, job, expires, prompt, size=size, is_batch=batch))

    @property
    def loads(self) -> list[str]:
        return [plan.name for plan in self.plans]

    def until[T](self, look: Callable[[], T]) -> T:
        self.looked_at.set()
        deadline = time.monotonic() + 10
        while not (seen := look()):
            assert time.monotonic() < deadline, self.updates
            time.sleep(0.001)
        return seen

    def engine(self, number: int = 0) -> Script:
        return self.until(lambda: self.engines[number : number + 1])[0]

    def inserted(self, count: int) -> Script:
        engine = self.engine()
        self.until(lambda: len(engine.prompts) >= count)
        return engine

    def steps(self, count: int) -> None:
        for engine in self.engines:
            engine.steps.release(count)

    def end(self, number: int) -> wire.Frame:
        """The frame that ends this request: there is exactly one."""

        def ends() -> list[wire.Frame]:
            frames = [u.content for u in self.updates if u.caller.id == number and isinstance(u.content, wire.Frame)]
            return [frame for frame in frames if isinstance(frame, (wire.Done, wire.Error, wire.Result))]

        (frame,) = self.until(ends)
        return frame

    def refusal(self, number: int) -> wire.Error:
        frame = self.end(number)
        assert isinstance(frame, wire.Error)
        return frame

    def resident(self) -> set[str]:
        return {model.name for model in self.scheduler.status().models}

    def close(self) -> None:
        self.loadable.set()
        self.looked_at.set()
        self.steps(1000)
        assert self.scheduler.stop(5)
        assert all(engine.closed for engine in self.engines)

    def text(self, number: int) -> str:
        events = [event for update in self.updates if update.caller.id == number for event in content(update)]
        return "".join(event.text for event in events if isinstance(event, ir.TextDelta))


def content(update: Update) -> Sequence[ir.Event]:
    return [] if isinstance(update.content, wire.Frame) else update.content
