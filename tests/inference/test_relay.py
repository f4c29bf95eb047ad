"""What a stream waits for, and for how long."""

import asyncio
import json
import time
from contextlib import aclosing

import msgspec
import pytest

from inference.backends.transport import MOST_AHEAD
from inference.protocols import anthropic_messages, openai_chat
from inference.relay import Relay, Timing
from tests import vendor_answers
from tests.answers import events, plain
from tests.inference.exchanges import ANTHROPIC, CONTENTS, HEADS, OPENAI
from tests.inference.executing import CLOUD, executing, incoming, parts, read, route, target
from tests.inference.protocols.test_endings import chunk, event
from tests.upstreams import Upstream

PAIRS = pytest.mark.parametrize(("client", "backend"), CLOUD)
ENDS = {OPENAI: b"data: [DONE]\n\n", ANTHROPIC: event("message_stop")}
FINISH = {OPENAI: chunk(finish_reason="stop"), ANTHROPIC: event("message_stop")}
SAID = {"type": "overloaded_error", "message": "You asked for a long secret."}
ERRORS = {
    OPENAI: b"data: " + msgspec.json.encode({"error": SAID}) + b"\n\n",
    ANTHROPIC: event("error", error=SAID),
}
PING = {OPENAI: b": ping\n\n", ANTHROPIC: event("ping")}
KEEPALIVES = {OPENAI: openai_chat.KEEPALIVE, ANTHROPIC: anthropic_messages.KEEPALIVE}


def begun(backend: str) -> bytes:
    return HEADS[backend] + CONTENTS[backend]


@PAIRS
async def test_a_silent_stream_is_kept_alive_between_events(upstream: Upstream, client: str, backend: str) -> None:
    half = CONTENTS[backend][:30]
    upstream.script(events(begun(backend), half, CONTENTS[backend][30:], FINISH[backend], pause=0.4))
    async with executing() as executor:
        answer = await executor.execute(incoming(client, stream=True), route(target(upstream, backend)))
        assert isinstance(answer.body, Relay)
        told = [part async for part in parts(answer.body)]
    alive = [number for number, part in enumerate(told) if part == KEEPALIVES[client]]
    assert 3 <= len(alive) <= 9
    assert all(told[number - 1].endswith(b"\n\n") for number in alive)
    assert 0 not in alive
    without = b"".join(part for part in told if part != KEEPALIVES[client])
    upstream.script(events(begun(backend) + CONTENTS[backend] + FINISH[backend]))
    async with executing(Timing()) as executor:
        answer = await executor.execute(incoming(client, stream=True), route(target(upstream, backend)))
        assert await read(answer) == without


@pytest.mark.parametrize(("client", "backend"), [(OPENAI, ANTHROPIC), (ANTHROPIC, OPENAI)])
async def test_what_an_upstream_says_of_a_broken_stream_is_not_logged(
    upstream: Upstream, client: str, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    upstream.script(events(begun(backend), ERRORS[backend]))
    async with executing() as executor:
        answer = await executor.execute(incoming(client, stream=True), route(target(upstream, backend)))
        assert b"a long secret" in await read(answer)
    told = capsys.readouterr().err
    assert "stream broke" in told
    assert "a long secret" not in told


@PAIRS
async def test_nothing_is_sent_before_the_first_event(upstream: Upstream, client: str, backend: str) -> None:
    upstream.script(events(b"\n\n", begun(backend), FINISH[backend], pause=0.5))
    async with executing() as executor:
        answer = await executor.execute(incoming(client, stream=True), route(target(upstream, backend)))
        assert isinstance(answer.body, Relay)
        first = await anext(parts(answer.body))
        await answer.body.aclose()
    assert KEEPALIVES[client] not in first[: len(KEEPALIVES[client])]


@PAIRS
async def test_a_plain_answer_is_never_kept_alive(upstream: Upstream, client: str, backend: str) -> None:
    upstream.script(events(begun(backend), FINISH[backend], pause=0.4))
    async with executing() as executor:
        answer = await executor.execute(incoming(client, stream=False), route(target(upstream, backend)))
        assert (await read(answer)).startswith(b"{")


@PAIRS
@pytest.mark.parametrize("ending", ["keep", "hang"])
async def test_a_stream_that_has_ended_is_not_waited_for(
    upstream: Upstream, client: str, backend: str, ending: str
) -> None:
    answered = events(begun(backend), FINISH[backend], ending="hang" if ending == "hang" else "keep")
    upstream.script(answered)
    async with executing() as executor:
        answer = await executor.execute(incoming(client, stream=True), route(target(upstream, backend)))
        began = time.monotonic()
        told = await read(answer)
    assert (0.15 < time.monotonic() - began < 2) == (ending == "hang")
    assert b"error" not in told
    complete = client != backend or backend == ANTHROPIC
    assert told.endswith(ENDS[client] if complete else FINISH[client])


async def test_a_usage_that_comes_late_is_waited_for(upstream: Upstream) -> None:
    usage = chunk(usage={"prompt_tokens": 5, "completion_tokens": 7})
    upstream.script(events(begun(OPENAI), FINISH[OPENAI], usage, pause=0.1, ending="hang"))
    async with executing() as executor:
        told = await read(await executor.execute(incoming(ANTHROPIC, stream=True), route(target(upstream, OPENAI))))
    assert b'"input_tokens":5' in told
    assert told.endswith(ENDS[ANTHROPIC])


@PAIRS
async def test_signs_of_life_alone_are_no_answer(upstream: Upstream, client: str, backend: str) -> None:
    upstream.script(events(HEADS[backend], PING[backend], endless=True, pause=0.02))
    async with executing(Timing(hold=0.1, keepalive=0.15, content=0.6)) as executor:
        began = time.monotonic()
        told = await read(await executor.execute(incoming(client, stream=True), route(target(upstream, backend))))
    assert 0.5 < time.monotonic() - began < 3
    assert b"error" in told
    assert b"message_stop" not in told
    assert b'"finish_reason":"stop"' not in told


@PAIRS
async def test_our_own_signs_of_life_do_not_hide_an_idle_upstream(
    upstream: Upstream, client: str, backend: str
) -> None:
    upstream.script(events(begun(backend), ending="hang"))
    asked = incoming(client, stream=True)
    async with executing() as executor:
        answer = await executor.execute(msgspec.structs.replace(asked, idle=0.7), route(target(upstream, backend)))
        began = time.monotonic()
        told = await read(answer)
    assert 0.5 < time.monotonic() - began < 3
    assert told.count(KEEPALIVES[client]) >= 2
    assert (b"timeout_error" if client == ANTHROPIC else b"upstream_timeout") in told


@PAIRS
async def test_a_client_that_leaves_frees_the_upstream(upstream: Upstream, client: str, backend: str) -> None:
    upstream.script(events(begun(backend), ending="hang"))
    async with executing() as executor:
        answer = await executor.execute(incoming(client, stream=True), route(target(upstream, backend)))
        assert isinstance(answer.body, Relay)
        reading = asyncio.create_task(read(answer))
        await asyncio.sleep(0.1)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await upstream.until(lambda: upstream.closed_by_client == 1)


async def test_a_slow_client_stops_the_reading(upstream: Upstream) -> None:
    piece = CONTENTS[OPENAI] * 1000
    upstream.script(events(begun(OPENAI), piece, endless=True))
    async with executing() as executor:
        answer = await executor.execute(incoming(OPENAI, stream=True), route(target(upstream, OPENAI)))
        assert isinstance(answer.body, Relay)
        async with aclosing(parts(answer.body)) as told:
            await anext(told)
            await asyncio.sleep(0.3)
            assert len(await anext(told)) < MOST_AHEAD + 4 * 1024**2


async def test_the_end_of_one_of_several_answers_ends_no_other(upstream: Upstream) -> None:
    first = chunk(content="one", finish_reason="stop")
    later = [second(f"{number},") for number in range(10)]
    upstream.script(events(begun(OPENAI), first, *later, second("", finish_reason="stop"), ENDS[OPENAI], pause=0.1))
    async with executing() as executor:
        told = await read(await executor.execute(incoming(OPENAI, stream=True, n=2), route(target(upstream, OPENAI))))
    assert told.endswith(b"".join([*later, second("", finish_reason="stop"), ENDS[OPENAI]]))


@PAIRS
async def test_what_an_answer_cost_is_known_when_it_came_whole_too(
    upstream: Upstream, client: str, backend: str
) -> None:
    whole = vendor_answers.openai_chat if backend == OPENAI else vendor_answers.anthropic_message
    upstream.script(plain(whole({"model": "m", "messages": [{"role": "user", "content": "Hello"}]})))
    request = incoming(client, stream=True)
    async with executing() as executor:
        await read(await executor.execute(request, route(target(upstream, backend))))
    assert request.course.usage is not None
    assert request.course.usage.output_tokens == vendor_answers.OUTPUT_TOKENS
    assert not request.course.is_estimated


def second(content: str, finish_reason: str | None = None) -> bytes:
    """A chunk of the second of two answers."""
    choice = {"index": 1, "delta": {"content": content}, "finish_reason": finish_reason}
    return b"data: " + json.dumps({"object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"
