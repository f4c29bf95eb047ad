"""Silence is told when it has lasted, however often something was heard before."""

import asyncio
import gc
import time
import weakref
from functools import partial

from inference.silence import Silence


async def heard(late: asyncio.Event) -> Silence:
    silence = Silence(0.5, late.set)
    for _ in range(20):
        silence.begin()
        await asyncio.sleep(0.03)
        silence.end()
    return silence


async def test_parts_that_come_in_time_are_no_silence() -> None:
    late = asyncio.Event()
    silence = await heard(late)
    await asyncio.sleep(0.7)
    assert not late.is_set()
    silence.close()


async def test_silence_is_told_once_it_has_lasted() -> None:
    late = asyncio.Event()
    silence = await heard(late)
    began = time.monotonic()
    silence.begin()
    await asyncio.wait_for(late.wait(), 5)
    assert time.monotonic() - began >= 0.5
    silence.close()


async def test_who_has_closed_is_told_nothing() -> None:
    late = asyncio.Event()
    silence = await heard(late)
    silence.begin()
    silence.close()
    await asyncio.sleep(0.7)
    assert not late.is_set()


class Waiting:
    """Holds the silence that it has told whom to call, as those do who use one."""

    def __init__(self) -> None:
        self.silence = Silence(60, self.give_up)
        self.silence.begin()

    def give_up(self) -> None:
        raise AssertionError("Nothing was late.")


async def test_who_has_closed_is_not_left_to_the_garbage_collector() -> None:
    gc.disable()
    try:
        waiting = Waiting()
        gone = weakref.ref(waiting)
        waiting.silence.close()
        del waiting
        await asyncio.sleep(0)
        assert gone() is None
    finally:
        gc.enable()


async def test_to_begin_again_is_no_news() -> None:
    told: list[str] = []
    late = asyncio.Event()
    first, second = Silence(0.3, lambda: told.append("first")), Silence(0.3, late.set)
    first.begin()
    await asyncio.sleep(0.1)
    second.begin()
    first.begin()
    await asyncio.wait_for(late.wait(), 5)
    assert told == ["first"]
    first.close()
    second.close()


async def test_each_of_many_is_told_when_its_own_time_has_come() -> None:
    began = time.monotonic()
    told: list[tuple[int, float]] = []

    def tell(number: int) -> None:
        told.append((number, time.monotonic()))

    silences = [Silence(0.45, partial(tell, number)) for number in range(4)]
    for silence in silences:
        silence.begin()
        await asyncio.sleep(0.1)
    silences[1].renew()
    silences[2].end()
    await asyncio.sleep(0.6)
    # The machine may be slow, and a clock may round: never too early, and in their order.
    assert [number for number, _ in told] == [0, 3, 1]
    for (_, moment), due in zip(told, (0.45, 0.75, 0.85), strict=True):
        assert moment - began >= due - 0.01
    for silence in silences:
        silence.close()


async def test_who_is_told_may_begin_again() -> None:
    told: list[float] = []
    enough = asyncio.Event()

    def late() -> None:
        told.append(time.monotonic())
        silence.begin()
        if len(told) == 3:
            enough.set()

    silence = Silence(0.1, late)
    began = time.monotonic()
    silence.begin()
    await asyncio.wait_for(enough.wait(), 5)
    silence.close()
    assert told[-1] - began >= 0.29
