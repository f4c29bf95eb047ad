"""Several models in bounded memory, on scripted engines whose sizes are given: who stays, who leaves, who waits."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from inference.errors import Kind
from inference.protocols import wire
from inference.worker.adapter import TokenizerWrapper
from inference.worker.residency import LEAST_STAY, Candidate, choose, stay
from inference.worker.work import Caller
from tests.inference.worker.bench import Bench

type MakeBench = Callable[..., Bench]

THREE = {"one": 40, "two": 40, "three": 40}


@pytest.fixture
def make(tokenizer: TokenizerWrapper) -> Iterator[MakeBench]:
    made: list[Bench] = []

    def bench(**options: Any) -> Bench:
        defaults: dict[str, Any] = {"sizes": {"one": 60, "two": 60}, "budget": 100}
        made.append(Bench(tokenizer, **defaults | options))
        return made[-1]

    yield bench
    for each in made:
        each.close()


def answer(bench: Bench, number: int, model: str) -> None:
    """Ask, and have it written."""
    bench.submit(number, model=model)
    (engine,) = bench.until(lambda: [each for each in bench.engines if each.rows])
    engine.steps.release(3)
    assert isinstance(bench.end(number), wire.Done)


def test_models_that_do_not_fit_together_take_turns_and_nobody_fails(make: MakeBench) -> None:
    bench = make()
    for number, model in enumerate(("one", "two", "one", "two")):
        bench.submit(number, model=model)
        bench.engine(number).steps.release(3)
        assert isinstance(bench.end(number), wire.Done)
    assert bench.loads == ["one", "two", "one", "two"]
    assert [engine.closed for engine in bench.engines] == [True, True, True, False]


def test_a_model_that_writes_finishes_before_it_leaves_and_begins_nothing_new(make: MakeBench) -> None:
    bench = make(slots=3)
    bench.submit(1, model="one", max_tokens=5)
    first = bench.engine(0)
    bench.submit(2, model="two")
    bench.until(lambda: bench.scheduler.status().waiting == 1)
    time.sleep(LEAST_STAY)
    bench.submit(3, model="one")
    first.steps.release(4)
    bench.until(lambda: bench.text(1) == "aaaa")
    assert (bench.scheduler.status().waiting, len(first.prompts), first.closed) == (2, 1, False)
    first.steps.release(1)
    assert isinstance(bench.end(1), wire.Done)
    bench.engine(1).steps.release(3)
    assert isinstance(bench.end(2), wire.Done)
    bench.engine(2).steps.release(3)
    assert isinstance(bench.end(3), wire.Done)


def test_a_model_that_has_just_come_serves_its_own_before_it_leaves(make: MakeBench) -> None:
    bench = make()
    answer(bench, 1, "one")
    bench.submit(2, model="two")
    answer(bench, 3, "one")
    assert bench.loads == ["one"]
    bench.engine(1).steps.release(3)
    assert isinstance(bench.end(2), wire.Done)


def test_the_model_used_longest_ago_makes_room(make: MakeBench) -> None:
    bench = make(sizes=THREE)
    answer(bench, 1, "one")
    answer(bench, 2, "two")
    bench.submit(3, model="one")
    bench.engine(0).steps.release(3)
    bench.end(3)
    bench.submit(4, model="three")
    bench.engine(2)
    bench.until(lambda: bench.resident() == {"one", "three"})


def test_what_is_kept_of_prompts_gives_way_before_any_model(make: MakeBench) -> None:
    bench = make(sizes={"one": 40, "two": 40}, kept=30)
    answer(bench, 1, "one")
    assert bench.kept.size == 30
    answer(bench, 2, "two")
    bench.until(lambda: bench.resident() == {"one", "two"})
    assert bench.kept.size == 20


def test_a_model_larger_than_the_budget_is_refused_with_its_numbers(make: MakeBench) -> None:
    bench = make(sizes={"one": 3000, "two": 60}, budget=2048)
    bench.submit(1, model="one")
    refused = bench.refusal(1)
    assert (refused.kind, refused.param) == (Kind.MODEL_DOES_NOT_FIT, "model")
    assert "needs 2.9 KB" in refused.message
    assert "leaves 2.0 KB" in refused.message
    assert bench.loads == []


def test_a_model_that_turns_out_larger_than_its_files_say_is_not_kept(make: MakeBench) -> None:
    bench = make(sizes={"one": 200, "two": 60}, needs={"one": 50})
    bench.submit(1, model="one")
    assert bench.refusal(1).kind is Kind.MODEL_DOES_NOT_FIT
    assert bench.engines[0].closed
    answer(bench, 2, "two")


def test_a_pinned_model_stays_whatever_comes(make: MakeBench) -> None:
    bench = make()
    bench.scheduler.configure(1, [wire.ModelOptions("one", pinned=True)])
    answer(bench, 1, "one")
    bench.submit(2, model="two")
    refused = bench.refusal(2)
    assert refused.kind is Kind.MODEL_DOES_NOT_FIT
    assert "leaves 40 B" in refused.message.replace(".0", "")
    assert not bench.engines[0].closed


def test_options_of_an_earlier_generation_are_not_heeded(make: MakeBench) -> None:
    bench = make()
    bench.scheduler.configure(2, [])
    bench.scheduler.configure(1, [wire.ModelOptions("one", preload=True)])
    answer(bench, 1, "two")
    assert bench.loads == ["two"]


def test_a_model_is_loaded_ahead_where_there_is_room(make: MakeBench) -> None:
    bench = make()
    wanted = [wire.ModelOptions(name, preload=True) for name in ("one", "two", "unknown")]
    bench.scheduler.configure(1, wanted)
    bench.until(lambda: bench.resident() == {"one"})
    bench.scheduler.configure(2, wanted)
    answer(bench, 1, "one")
    assert bench.loads == ["one"]


def test_a_model_that_nobody_asks_for_leaves(make: MakeBench) -> None:
    bench = make()
    bench.scheduler.configure(1, [wire.ModelOptions("one", idle_ttl=0)])
    answer(bench, 1, "one")
    bench.until(lambda: bench.engine(0).closed and not bench.resident())


def test_answers_are_written_on_while_another_model_is_loaded(make: MakeBench) -> None:
    bench = make(sizes={"one": 40, "two": 40})
    bench.submit(1, model="one", max_tokens=5)
    first = bench.engine(0)
    bench.loadable.clear()
    bench.submit(2, model="two")
    bench.until(lambda: bench.scheduler.status().loading == "two")
    first.steps.release(5)
    assert isinstance(bench.end(1), wire.Done)
    assert bench.scheduler.status().loading == "two"


def test_who_waits_too_long_for_a_model_is_told_that_it_loads(make: MakeBench) -> None:
    bench = make()
    bench.loadable.clear()
    bench.submit(1, model="one", deadline=0.02)
    refused = bench.refusal(1)
    assert refused.kind is Kind.MODEL_LOADING
    assert refused.retry_after


def test_a_load_that_failed_is_not_tried_again_at_once(make: MakeBench) -> None:
    bench = make()
    bench.broken.add("one")
    for number in (1, 2):
        bench.submit(number, model="one")
        assert bench.refusal(number).kind is Kind.MODEL_NOT_INSTALLED
    assert bench.loads == ["one"]
    answer(bench, 3, "two")


def test_a_request_waits_for_memory_and_none_overtakes_it(make: MakeBench) -> None:
    """A row takes 256 bytes for each 256 tokens of the longest, and one more of them is had while one is begun."""
    bench = make(sizes={"one": 0}, budget=1200, token=1)
    bench.submit(1, max_tokens=3)
    engine = bench.inserted(1)
    bench.submit(2, "large", max_tokens=300)
    bench.submit(3, "small", max_tokens=3, tenant="other")
    bench.until(lambda: bench.scheduler.status().waiting == 2)
    engine.steps.release(2)
    bench.until(lambda: bench.text(1) == "aa")
    assert len(engine.prompts) == 1
    engine.steps.release(1)
    bench.end(1)
    assert "large" in bench.inserted(2).prompts[1]


def test_a_prompt_and_answer_that_can_never_fit_are_refused_with_their_numbers(make: MakeBench) -> None:
    bench = make(sizes={"one": 100}, budget=1100, token=1)
    bench.submit(1, max_tokens=400)
    refused = bench.refusal(1)
    assert (refused.kind, refused.param) == (Kind.CONTEXT_DOES_NOT_FIT, "max_tokens")
    assert "1000 B" in refused.message.replace(".0", "")


def test_an_answer_of_no_stated_length_is_cut_to_what_fits(make: MakeBench) -> None:
    bench = make(sizes={"one": 100}, budget=1200, token=1)
    bench.submit(1, max_tokens=0)
    engine = bench.inserted(1)
    prompt = len(bench.engines[0].tokenizer.encode(engine.prompts[0], add_special_tokens=False))
    assert engine.rows[1] == 512 - prompt


def test_the_context_may_be_capped_while_the_model_is_in_memory(make: MakeBench) -> None:
    bench = make(sizes={"one": 0})
    answer(bench, 1, "one")
    bench.scheduler.configure(1, [wire.ModelOptions("one", max_context=4)])
    bench.submit(2, "One, two, three, four, five.")
    assert bench.refusal(2).kind is Kind.CONTEXT_LENGTH_EXCEEDED


def test_a_model_whose_load_options_change_finishes_and_is_loaded_anew(make: MakeBench) -> None:
    bench = make(sizes={"one": 0})
    bench.submit(1)
    first = bench.inserted(1)
    bench.scheduler.configure(1, [wire.ModelOptions("one", load=wire.LoadOptions(kv_bits=8))])
    bench.submit(2)
    bench.until(lambda: bench.scheduler.status().waiting == 1)
    assert not first.closed
    first.steps.release(3)
    assert isinstance(bench.end(1), wire.Done)
    bench.engine(1).steps.release(3)
    assert isinstance(bench.end(2), wire.Done)
    assert [plan.options.kv_bits for plan in bench.plans] == [None, 8]
    assert first.closed


def test_a_draft_model_is_counted_with_its_model(make: MakeBench) -> None:
    bench = make()
    bench.scheduler.configure(1, [wire.ModelOptions("one", load=wire.LoadOptions(draft_model="two"))])
    bench.submit(1)
    refused = bench.refusal(1)
    assert refused.kind is Kind.MODEL_DOES_NOT_FIT
    assert "needs 120" in refused.message


def test_a_draft_model_that_is_not_installed_is_named(make: MakeBench) -> None:
    bench = make()
    bench.scheduler.configure(1, [wire.ModelOptions("one", load=wire.LoadOptions(draft_model="three"))])
    bench.submit(1)
    refused = bench.refusal(1)
    assert refused.kind is Kind.MODEL_NOT_INSTALLED
    assert refused.message == (
        "model: one is not loaded because of its draft model: model: three is not installed here."
    )


def test_a_load_can_be_asked_for_and_cancelled(make: MakeBench) -> None:
    bench = make()
    bench.loadable.clear()
    bench.scheduler.load(Caller(bench, 1), "one")
    bench.until(lambda: bench.scheduler.status().loading)
    bench.scheduler.unload(Caller(bench, 2), "one")
    bench.end(2)
    bench.loadable.set()
    assert isinstance(bench.end(1), wire.Result)


def candidate(name: str, *, used_at: float, is_busy: bool = False) -> Candidate:
    return Candidate(name, 10, is_busy, True, used_at)


def names(candidates: list[Candidate]) -> list[str]:
    return [one.name for one in candidates]


def test_idle_models_leave_first_and_only_as_many_as_needed() -> None:
    here = [candidate("busy", used_at=1, is_busy=True), candidate("new", used_at=3), candidate("old", used_at=2)]
    assert names(choose(here, 10, busy=True)) == ["old"]
    assert names(choose(here, 11, busy=True)) == ["old", "new"]
    assert names(choose(here, 21, busy=True)) == ["old", "new", "busy"]
    assert choose(here, 21, busy=False) == []
    assert choose(here, 31, busy=True) == []


def test_a_model_stays_as_long_as_its_load_was_worth() -> None:
    assert [stay(seconds) for seconds in (0.01, 2, 500)] == [1, 8, 60]
