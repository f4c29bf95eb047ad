"""Silence is told when it has lasted, however often something was heard before."""

import asyncio
import time

from inference.silence import Silence


async def heard(late: asyncio.Event) -> Silence:
    silence = Silence(0.2, late.set)
    for _ in range(10):
        silence.begin()
        await asyncio.sleep(0.03)
        silence.end()
    return silence


async def test_parts_that_come_in_time_are_no_silence() -> None:
    late = asyncio.Event()
    silence = await heard(late)
    await asyncio.sleep(0.5)
    assert not late.is_set()
    silence.close()


async def test_silence_is_told_once_it_has_lasted() -> None:
    late = asyncio.Event()
    silence = await heard(late)
    began = time.monotonic()
    silence.begin()
    await asyncio.wait_for(late.wait(), 5)
    assert time.monotonic() - began >= 0.2
    silence.close()


async def test_who_has_closed_is_told_nothing() -> None:
    late = asyncio.Event()
    silence = await heard(late)
    silence.begin()
    silence.close()
    await asyncio.sleep(0.5)
    assert not late.is_set()
