"""The thread that runs the models, with a scripted engine in the place of MLX, so that every step is known."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from inference import ir
from inference.errors import GatewayError, Kind
from inference.installed import Installed
from inference.protocols import native, wire
from inference.worker.adapter import TokenizerWrapper
from inference.worker.batch import Batch
from inference.worker.engine import Begun, Reading, Token
from inference.worker.models import Models
from inference.worker.scheduler import Scheduler
from inference.worker.work import Caller, Update, Work
from tests.local_models import question

WINDOW = 4096


class Script:
    """An engine that writes `a` for every row at every step, as often as it is let; a prompt with `boom` breaks it."""

    def __init__(self, tokenizer: TokenizerWrapper, *, slots: int) -> None:
        self.tokenizer = tokenizer
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
        del self.rows[row]

    def close(self) -> None:
        self.closed = True


class Bench:
    """A scheduler with scripted engines, and what it has delivered."""

    def __init__(self, tokenizer: TokenizerWrapper, *, slots: int = 2, queue_limit: int = 4) -> None:
        self.engines: list[Script] = []
        self.updates: list[Update] = []
        self.loadable = threading.Event()
        self.loadable.set()

        def load(_: Installed) -> Batch:
            self.loadable.wait()
            self.engines.append(Script(tokenizer, slots=slots))
            return Batch(self.engines[-1])

        models = Models({name: Installed(name, Path(), "models", 0) for name in ("one", "two")}.get, load)
        self.scheduler = Scheduler(models, self.updates.extend, queue_limit=queue_limit, memory=lambda: 7)
        self.scheduler.start()

    def submit(self, number: int, text: str = "hi", *, model: str = "one", tenant: str = "", **work: float) -> None:
        tokens = int(work.get("max_tokens", 3))
        request = question(text, model=model, max_tokens=tokens)
        expires = time.monotonic() + work.get("deadline", 60)
        self.scheduler.submit(Work(Caller(self, number), tenant, native.Job(request, thinking=False), expires))

    def until[T](self, look: Callable[[], T]) -> T:
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

    def text(self, number: int) -> str:
        events = [event for update in self.updates if update.caller.id == number for event in content(update)]
        return "".join(event.text for event in events if isinstance(event, ir.TextDelta))


def content(update: Update) -> Sequence[ir.Event]:
    return [] if isinstance(update.content, wire.Frame) else update.content


@pytest.fixture
def bench(tokenizer: TokenizerWrapper) -> Iterator[Bench]:
    made = Bench(tokenizer)
    yield made
    made.steps(1000)
    assert made.scheduler.stop(5)
    assert all(engine.closed for engine in made.engines)


def test_a_request_is_answered_and_ended_once(bench: Bench) -> None:
    bench.submit(1)
    bench.inserted(1)
    bench.steps(3)
    done = bench.end(1)
    assert isinstance(done, wire.Done)
    assert done.usage.output_tokens == 3
    assert bench.text(1) == "aaa"


def test_what_has_no_room_waits_for_a_place(bench: Bench) -> None:
    for number in (1, 2, 3):
        bench.submit(number)
    bench.inserted(2)
    assert bench.scheduler.status().waiting == 1
    bench.steps(3)
    bench.inserted(3)
    bench.steps(3)
    assert isinstance(bench.end(3), wire.Done)


def test_too_many_waiting_are_refused_at_once(bench: Bench) -> None:
    bench.loadable.clear()
    bench.submit(0)
    bench.until(lambda: bench.scheduler.status().loading)
    for number in range(1, 5):
        bench.submit(number)
    with pytest.raises(GatewayError) as caught:
        bench.submit(5)
    assert caught.value.kind is Kind.QUEUE_FULL
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 1
    bench.loadable.set()
    bench.inserted(1)


def test_who_waited_too_long_is_not_begun(bench: Bench) -> None:
    bench.submit(1)
    bench.submit(2)
    engine = bench.inserted(2)
    bench.submit(3, "late", deadline=0.01)
    time.sleep(0.02)
    bench.steps(3)
    refused = bench.end(3)
    assert isinstance(refused, wire.Error)
    assert refused.kind is Kind.QUEUE_FULL
    assert not any("late" in prompt for prompt in engine.prompts)


def test_tenants_take_turns_at_the_places(bench: Bench) -> None:
    bench.submit(1, tenant="busy")
    bench.submit(2, tenant="busy")
    engine = bench.inserted(2)
    for number, tenant in ((3, "busy"), (4, "busy"), (5, "other")):
        bench.submit(number, f"number {number}", tenant=tenant)
    bench.steps(3)
    bench.inserted(4)
    assert ["number 3" in engine.prompts[2], "number 5" in engine.prompts[3]] == [True, True]


def test_a_request_is_cancelled_while_it_waits(bench: Bench) -> None:
    for number in (1, 2, 3):
        bench.submit(number)
    bench.inserted(2)
    bench.scheduler.cancel(Caller(bench, 3).__eq__)
    assert bench.end(3) == wire.Done(3, ir.Usage(), wire.Timings())


def test_a_request_is_cancelled_while_it_is_written(bench: Bench) -> None:
    bench.submit(1, max_tokens=1000)
    bench.submit(2)
    engine = bench.inserted(2)
    bench.steps(1)
    bench.scheduler.cancel(Caller(bench, 1).__eq__)
    bench.steps(2)
    cancelled = bench.end(1)
    assert isinstance(cancelled, wire.Done)
    assert cancelled.usage.output_tokens < 1000
    assert isinstance(bench.end(2), wire.Done)
    assert bench.text(2) == "aaa"
    assert not engine.rows


def test_a_step_that_fails_ends_its_requests_and_the_model_is_loaded_anew(bench: Bench) -> None:
    bench.submit(1, "boom")
    bench.submit(2)
    engine = bench.inserted(2)
    bench.steps(1)
    for number in (1, 2):
        failed = bench.end(number)
        assert isinstance(failed, wire.Error)
        assert failed.kind is Kind.INTERNAL_ERROR
    assert engine.closed
    bench.submit(3)
    bench.engine(1).steps.release(3)
    assert isinstance(bench.end(3), wire.Done)


def test_models_take_turns(bench: Bench) -> None:
    bench.submit(1)
    first = bench.engine(0)
    first.steps.release(1)
    bench.submit(2, model="two")
    second = bench.engine(1)
    bench.steps(3)
    assert isinstance(bench.end(1), wire.Done)
    assert isinstance(bench.end(2), wire.Done)
    assert (len(first.prompts), len(second.prompts)) == (1, 1)


def test_the_status_shows_steps_places_and_memory(bench: Bench) -> None:
    bench.submit(1)
    bench.inserted(1)
    before = bench.scheduler.status()
    bench.steps(2)
    bench.until(lambda: bench.scheduler.status().steps == before.steps + 2)
    status = bench.scheduler.status()
    assert (status.active, status.waiting, status.memory) == (1, 0, 7)
    assert status.models == (wire.LoadedModel("one", 0, 1),)


def test_an_unknown_model_ends_the_request(bench: Bench) -> None:
    bench.submit(1, model="three")
    refused = bench.end(1)
    assert isinstance(refused, wire.Error)
    assert refused.kind is Kind.MODEL_NOT_INSTALLED
