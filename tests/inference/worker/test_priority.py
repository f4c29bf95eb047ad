"""Who goes first: requests that somebody waits for, and batches."""

import time
from collections.abc import Iterable, Iterator

import pytest

from inference.protocols import wire
from inference.worker.adapter import TokenizerWrapper
from inference.worker.priority import TURNS_FOR_ONE_BATCH, Line, has_place
from inference.worker.work import Caller, Wish, Work
from tests.inference.worker.bench import Bench, Script


def work(name: str) -> Work:
    """`a1` is interactive, `A1` a batch's, both of the tenant `a`."""
    return Work(Caller(None, 1), name[0].lower(), Wish(name), time.monotonic() + 60, is_batch=name[0].isupper())


def line(*names: str) -> Line:
    made = Line()
    for name in names:
        made.put(work(name))
    return made


def drained(waiting: Line) -> list[str]:
    taken = []
    while len(waiting):
        first = waiting.in_order()[0]
        assert waiting.take(first)
        taken.append(first.model)
    return taken


def letters(names: Iterable[str]) -> str:
    return "".join(name[0] for name in names)


def test_who_is_waited_for_goes_before_batches_that_came_earlier() -> None:
    assert drained(line("A1", "A2", "b1", "c1", "b2")) == ["b1", "c1", "b2", "A1", "A2"]


def test_tenants_of_batches_take_turns() -> None:
    assert drained(line("A1", "A2", "B1", "c1")) == ["c1", "A1", "B1", "A2"]


def test_a_batch_has_one_of_eight_turns() -> None:
    waiting = line("A1", "A2", *(f"b{number}" for number in range(20)))
    turns = letters(drained(waiting))
    assert TURNS_FOR_ONE_BATCH == 8
    assert turns == "bbbbbbbAbbbbbbbAbbbbbb"


def test_a_turn_of_batches_stays_until_one_can_take_it() -> None:
    waiting = line("A1", *(f"b{number}" for number in range(10)))
    for _ in range(7):
        assert waiting.take(waiting.in_order()[0])
    assert waiting.take(waiting.in_order()[1])
    assert letters(work.model for work in waiting.in_order()) == "Abb"


def test_a_batch_that_has_just_come_has_not_been_passed_over() -> None:
    waiting = line("A1", *(f"b{number}" for number in range(10)))
    for _ in range(5):
        assert waiting.take(waiting.in_order()[0])
    assert letters(work.model for work in waiting.remove(lambda work: work.is_batch)) == "A"
    waiting.put(work("C1"))
    assert letters(drained(waiting)) == "bbbbbC"


@pytest.mark.parametrize(
    ("name", "begun", "slots", "may"),
    [
        ("a", "", 1, True),
        ("a", "bBB", 4, True),
        ("a", "BBBb", 4, False),
        ("A", "bBB", 4, True),
        ("A", "BBB", 4, False),
        ("A", "bbb", 4, True),
        ("A", "", 1, True),
    ],
)
def test_batches_leave_one_of_several_places_free(name: str, begun: str, slots: int, *, may: bool) -> None:
    assert has_place(work(name), [work(one) for one in begun], slots) is may


@pytest.fixture
def bench(tokenizer: TokenizerWrapper) -> Iterator[Bench]:
    made = Bench(tokenizer, slots=3, queue_limit=20)
    yield made
    made.close()


def order(engine: Script) -> list[str]:
    return [" ".join(prompt.split()) for prompt in engine.prompts]


def test_a_request_begins_beside_batches_and_the_next_has_the_first_place_that_is_free(bench: Bench) -> None:
    for number in (1, 2, 3, 4):
        bench.submit(number, f"batch {number}", tenant="night", batch=True)
    engine = bench.inserted(2)
    bench.submit(5, "chat 5", tenant="day", max_tokens=100)
    bench.submit(6, "chat 6", tenant="day", max_tokens=100)
    bench.steps(1)
    bench.inserted(3)
    bench.steps(2)
    bench.inserted(5)
    assert order(engine) == ["batch 1", "batch 2", "chat 5", "chat 6", "batch 3"]


def test_batches_alone_are_all_answered(bench: Bench) -> None:
    for number in range(1, 7):
        bench.submit(number, batch=True)
    bench.inserted(2)
    bench.steps(9)
    assert all(isinstance(bench.end(number), wire.Done) for number in range(1, 7))


def test_no_batch_takes_the_memory_that_a_request_waits_for(tokenizer: TokenizerWrapper) -> None:
    # A row takes what its length is, made up to 256 tokens, and a step as much again.
    bench = Bench(tokenizer, budget=1100, token=1, slots=3)
    bench.submit(1, "chat 1", max_tokens=200)
    engine = bench.inserted(1)
    bench.submit(2, "batch 2", max_tokens=200, batch=True)
    bench.submit(3, "chat 3", max_tokens=400)
    bench.steps(200)
    bench.inserted(2)
    bench.steps(400)
    bench.inserted(3)
    assert order(engine) == ["chat 1", "chat 3", "batch 2"]
    bench.close()


def test_a_batch_that_is_passed_over_for_long_begins_before_the_others(tokenizer: TokenizerWrapper) -> None:
    bench = Bench(tokenizer, slots=1, queue_limit=20)
    bench.submit(1, "batch 1", batch=True)
    for number in range(2, 12):
        bench.submit(number, f"chat {number}", max_tokens=1)
    engine = bench.inserted(1)
    bench.steps(20)
    bench.inserted(11)
    assert order(engine).index("batch 1") == TURNS_FOR_ONE_BATCH - 1
    bench.close()
