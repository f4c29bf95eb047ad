"""The thread that runs the models: who begins, who waits, who is refused and who is cancelled."""

import time
from collections.abc import Iterator

import pytest

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols import wire
from inference.worker.adapter import TokenizerWrapper
from inference.worker.work import Caller
from tests.inference.worker.bench import Bench


@pytest.fixture
def bench(tokenizer: TokenizerWrapper) -> Iterator[Bench]:
    made = Bench(tokenizer)
    yield made
    made.close()


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
    for number in range(4):
        bench.submit(number)
    with pytest.raises(GatewayError) as caught:
        bench.submit(4)
    assert caught.value.kind is Kind.QUEUE_FULL
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 1
    bench.loadable.set()
    bench.inserted(1)


def test_too_many_waiting_tokens_are_refused_but_for_a_request_alone(bench: Bench) -> None:
    bench.loadable.clear()
    bench.submit(0, size=5000)
    with pytest.raises(GatewayError) as caught:
        bench.submit(1)
    assert caught.value.kind is Kind.QUEUE_FULL


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


def test_an_answer_that_ended_in_a_step_that_fails_is_whole(bench: Bench) -> None:
    bench.submit(1, max_tokens=1)
    bench.submit(2, "stuck", stop=("a",))
    bench.inserted(2)
    bench.steps(1)
    assert bench.refusal(2).kind is Kind.INTERNAL_ERROR
    assert isinstance(bench.end(1), wire.Done)
    assert bench.text(1) == "a"


def test_a_cancel_that_fails_ends_every_answer_of_its_model(bench: Bench) -> None:
    bench.submit(1, max_tokens=9)
    bench.submit(2, "stuck", max_tokens=9)
    bench.submit(3, model="two", max_tokens=9)
    first = bench.inserted(2)
    first.steps.release(3)
    second = bench.engine(1)
    bench.until(lambda: second.prompts)
    bench.scheduler.cancel(lambda _: True)
    bench.steps(1)
    assert {bench.refusal(number).kind for number in (1, 2)} == {Kind.INTERNAL_ERROR}
    assert isinstance(bench.end(3), wire.Done)
    assert first.closed


def test_a_request_that_breaks_while_it_is_read_fails_alone(bench: Bench) -> None:
    bench.submit(1)
    engine = bench.inserted(1)
    del engine.window
    bench.submit(2)
    bench.steps(3)
    assert bench.refusal(2).kind is Kind.INTERNAL_ERROR
    assert isinstance(bench.end(1), wire.Done)


def test_models_take_turns(bench: Bench) -> None:
    bench.submit(1)
    first = bench.engine(0)
    bench.submit(2, model="two")
    first.steps.release(1)
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
