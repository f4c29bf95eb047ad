"""What the local backend is asked beside one answer: several at once, and numbers of tokens."""

from pathlib import Path

import msgspec
import pytest

from inference import ir
from inference.backends.base import Call, Reply
from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from inference.installed import DEMO_NAME
from inference.protocols import native, wire
from inference.protocols.codec import Aim
from routing.route import Target
from tests.local_models import Answered, ask, is_idle, question, until

COUNTRIES = ("France", "Italy", "Japan", "Egypt")
LOCAL = Target("local", DEMO_NAME)
LONG = native.Job(question("Count to 60.", model=DEMO_NAME, max_tokens=3000), thinking=False)
WRONG = native.Job(question("Hello", model=DEMO_NAME, max_tokens=-1), thinking=False)


def capital(country: str) -> ir.Request:
    return question(f"What is the capital of {country}?", model=DEMO_NAME)


async def begin_all(backend: LocalBackend, *jobs: native.Job) -> Reply:
    return await backend.open(Call("req_test", "choices", wire.encode(jobs), stream=True), LOCAL)


async def read_all(reply: Reply, count: int) -> list[Answered]:
    parser = native.ChoiceParser(count)
    events: list[list[ir.Event]] = [[] for _ in range(count)]
    try:
        async for chunk in reply.chunks():
            for index, some in parser.feed(chunk):
                events[index] += some
    finally:
        await reply.aclose()
    parser.close()
    return [Answered(each) for each in events]


async def test_several_answers_come_in_one_stream_and_each_says_what_it_says_alone(local: LocalBackend) -> None:
    jobs = [native.Job(capital(country), thinking=False) for country in COUNTRIES]
    reply = await begin_all(local, *jobs)
    assert reply.is_stream
    together = await read_all(reply, len(jobs))
    assert [each.text for each in together] == [(await ask(local, capital(each))).text for each in COUNTRIES]


async def test_several_answers_to_one_prompt_have_it_read_once(local: LocalBackend) -> None:
    job = native.Job(question("Tell me of the owl. " * 30, model=DEMO_NAME, max_tokens=20), thinking=False)
    answered = await read_all(await begin_all(local, *[job] * 6), 6)
    usages = [each.finished.usage for each in answered]
    assert sorted(usage.cached_tokens for usage in usages) == [0, *[usages[0].input_tokens - 1] * 5]
    assert len({each.text for each in answered}) == 1


async def test_several_answers_are_one_batch(local: LocalBackend) -> None:
    job = native.Job(question("Count to 20.", model=DEMO_NAME, max_tokens=40), thinking=False)
    await ask(local, question("Hello", max_tokens=1))
    before = (await until(is_idle, local)).steps
    answered = await read_all(await begin_all(local, *[job] * 8), 8)
    steps = (await until(is_idle, local)).steps - before
    assert steps < 2 * max(each.finished.usage.output_tokens for each in answered)


async def test_they_come_as_they_are_written_and_not_one_after_the_other(local: LocalBackend) -> None:
    reply = await begin_all(local, LONG, LONG)
    parser = native.ChoiceParser(2)
    seen: set[int] = set()
    async for chunk in reply.chunks():
        choices = parser.feed(chunk)
        assert not any(isinstance(event, ir.Finished) for _, events in choices for event in events)
        seen |= {index for index, _ in choices}
        if seen == {0, 1}:
            break
    await reply.aclose()
    await until(is_idle, local)


async def test_one_that_fails_fails_all_and_the_rest_is_cancelled(local: LocalBackend) -> None:
    with pytest.raises(BackendError) as caught:
        await read_all(await begin_all(local, LONG, WRONG, LONG), 3)
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "max_tokens")
    await until(is_idle, local)


async def test_closing_the_reply_cancels_all(local: LocalBackend) -> None:
    reply = await begin_all(local, LONG, LONG, LONG)
    await until(lambda status: status.active == 3, local)
    await reply.aclose()
    await until(is_idle, local)


async def test_several_answers_that_are_not_read_are_given_up(worker_socket: Path) -> None:
    backend = LocalBackend(worker_socket, buffer=1024)
    reply = await begin_all(backend, LONG, LONG)
    await until(is_idle, backend)
    with pytest.raises(BackendError) as caught:
        await read_all(reply, 2)
    assert caught.value.kind is Kind.UPSTREAM_STREAM_TRUNCATED
    await backend.aclose()


async def test_one_too_large_is_refused_before_any_is_sent(worker_socket: Path) -> None:
    backend = LocalBackend(worker_socket, largest_frame=64 * 1024)
    large = native.Job(question("x" * 100_000, model=DEMO_NAME))
    with pytest.raises(BackendError) as caught:
        await begin_all(backend, LONG, large)
    assert caught.value.kind is Kind.REQUEST_TOO_LARGE
    assert is_idle(await until(lambda _: True, backend))
    await backend.aclose()


async def test_a_count_is_a_plain_answer(local: LocalBackend) -> None:
    call = Call("req_test", "count", native.render_request(capital("France"), Aim(DEMO_NAME)).body, stream=False)
    reply = await local.open(call, LOCAL)
    assert not reply.is_stream
    (body,) = [chunk async for chunk in reply.chunks()]
    await reply.aclose()
    assert msgspec.msgpack.decode(body) == (await ask(local, capital("France"))).finished.usage.input_tokens


async def test_another_endpoint_is_not_offered(local: LocalBackend) -> None:
    with pytest.raises(BackendError) as caught:
        await local.open(Call("req_test", "images", b"", stream=False), LOCAL)
    assert caught.value.kind is Kind.UNSUPPORTED_ENDPOINT
