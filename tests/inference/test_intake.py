"""What waits to be taken, and who waits for it."""

import asyncio

import pytest

from inference.errors import BackendError, Kind
from inference.intake import Intake, Reading

BROKEN = BackendError(Kind.UPSTREAM_TIMEOUT, "It fell silent.")


async def test_all_that_has_come_is_taken_at_once() -> None:
    intake = Intake()
    intake.put(b"one ")
    intake.put(b"two")
    assert await intake.take() == b"one two"


async def test_who_waits_gets_what_comes_next() -> None:
    intake = Intake()
    taking = asyncio.create_task(intake.take())
    await asyncio.sleep(0)
    assert not taking.done()
    intake.put(b"one")
    assert await taking == b"one"


async def test_what_came_before_an_error_is_taken_first() -> None:
    intake = Intake()
    intake.put(b"one")
    intake.end(BROKEN)
    assert await intake.take() == b"one"
    with pytest.raises(BackendError) as caught:
        await intake.take()
    assert caught.value is BROKEN


async def test_the_first_end_counts() -> None:
    intake = Intake()
    intake.end()
    intake.end(BROKEN)
    assert await intake.take() == b""


async def test_who_is_woken_takes_nothing_and_may_take_again() -> None:
    intake = Intake()
    intake.wake()
    assert await intake.take() is None
    intake.put(b"one")
    assert await intake.take() == b"one"


async def test_waiting_leaves_to_be_taken_what_has_come() -> None:
    intake = Intake()
    intake.put(b"one")
    await intake.wait()
    assert await intake.take() == b"one"


def reading(*pieces: bytes, ready: asyncio.Event) -> Reading:
    """One that gives these when `ready` is set."""
    left = list(pieces)

    async def read() -> bytes:
        await ready.wait()
        return left.pop(0) if left else b""

    return Reading(read)


async def test_who_reads_is_woken_and_loses_nothing() -> None:
    ready = asyncio.Event()
    chunks = reading(b"one", b"two", ready=ready)
    taking = asyncio.create_task(chunks.take())
    await asyncio.sleep(0)
    chunks.wake()
    assert await taking is None
    chunks.wake()
    assert await chunks.take() is None
    ready.set()
    assert [await chunks.take() for _ in range(3)] == [b"one", b"two", b""]


async def test_who_is_woken_just_as_something_comes_finds_it_next() -> None:
    ready = asyncio.Event()
    chunks = reading(b"one", ready=ready)
    taking = asyncio.create_task(chunks.take())
    await asyncio.sleep(0)
    ready.set()
    chunks.wake()
    assert await taking is None
    assert await chunks.take() == b"one"


async def test_who_is_cancelled_while_woken_is_cancelled() -> None:
    chunks = reading(ready=asyncio.Event())
    taking = asyncio.create_task(chunks.take())
    await asyncio.sleep(0)
    chunks.wake()
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking


async def test_what_is_closed_has_ended_for_who_reads() -> None:
    chunks = reading(b"one", ready=asyncio.Event())
    taking = asyncio.create_task(chunks.take())
    await asyncio.sleep(0)
    chunks.close()
    assert await taking == b""
    assert await chunks.take() == b""
