"""A request that was at two crashes of the worker is refused for an hour; what it was beside is not."""

import asyncio
from dataclasses import dataclass

import pytest

from inference.backends.quarantine import HOLD_SECONDS, MOST, Quarantine
from inference.errors import BackendError, Kind


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quarantine(clock: Clock) -> Quarantine:
    return Quarantine(clock)


async def is_refused(quarantine: Quarantine, job: bytes) -> bool:
    try:
        await (await quarantine.enter([job])).aclose()
    except BackendError as error:
        return error.kind is Kind.REQUEST_QUARANTINED
    return False


async def test_what_was_at_two_crashes_is_refused_for_an_hour(quarantine: Quarantine, clock: Clock) -> None:
    quarantine.blame([b"poison", b"innocent"])
    assert not await is_refused(quarantine, b"poison")
    quarantine.blame([b"poison", b"other"])
    assert await is_refused(quarantine, b"poison")
    assert not await is_refused(quarantine, b"innocent")
    assert not await is_refused(quarantine, b"other")
    clock.now = HOLD_SECONDS + 1
    assert not await is_refused(quarantine, b"poison")
    quarantine.blame([b"poison"])
    assert not await is_refused(quarantine, b"poison")


async def test_many_of_the_same_at_one_crash_count_once(quarantine: Quarantine) -> None:
    quarantine.blame([b"popular"] * 20)
    assert not await is_refused(quarantine, b"popular")


async def test_what_the_worker_has_lived_through_is_no_suspect(quarantine: Quarantine) -> None:
    quarantine.blame([b"innocent"])
    quarantine.clear(b"innocent")
    quarantine.blame([b"innocent"])
    assert not await is_refused(quarantine, b"innocent")


async def test_suspects_go_one_at_a_time_and_the_others_do_not_wait(quarantine: Quarantine) -> None:
    quarantine.blame([b"first", b"second"])
    first = await quarantine.enter([b"first"])
    second = asyncio.create_task(quarantine.enter([b"second"]))
    await (await quarantine.enter([b"fresh"])).aclose()
    assert not second.done()
    await first.aclose()
    await (await asyncio.wait_for(second, 1)).aclose()


async def test_a_suspect_found_out_while_others_of_it_wait_refuses_them(quarantine: Quarantine) -> None:
    quarantine.blame([b"poison"])
    first = await quarantine.enter([b"poison"])
    again = asyncio.create_task(quarantine.enter([b"poison"]))
    await asyncio.sleep(0)
    quarantine.blame([b"poison"])
    await first.aclose()
    with pytest.raises(BackendError):
        await again
    # The turn was given back.
    quarantine.blame([b"other"])
    assert not await is_refused(quarantine, b"other")


async def test_it_is_bounded(quarantine: Quarantine) -> None:
    for _ in range(2):
        quarantine.blame(str(number).encode() for number in range(MOST + 1))
    assert await is_refused(quarantine, str(MOST).encode())
    quarantine.blame(b"x" * number for number in range(MOST))
    assert not await is_refused(quarantine, str(MOST).encode())
