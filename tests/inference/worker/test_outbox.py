"""What leaves the models' thread together, and when."""

import asyncio
from collections.abc import Sequence

from inference import ir
from inference.protocols import wire
from inference.worker.outbox import PAUSE, Outbox
from inference.worker.work import Caller, Update


def update(number: int, *, ends: bool = False) -> Update:
    return Update(
        Caller(None, number), wire.Done(number, ir.Usage(), wire.Timings()) if ends else [ir.TextDelta("word")]
    )


class Deliveries:
    """The numbers of what was delivered, together as it was."""

    def __init__(self) -> None:
        self.seen: list[list[int]] = []

    def take(self, updates: Sequence[Update]) -> None:
        self.seen.append([update.caller.id for update in updates])


async def test_what_comes_soon_after_waits_and_goes_together_in_order() -> None:
    deliveries = Deliveries()
    outbox = Outbox(asyncio.get_running_loop(), deliveries.take)
    await asyncio.to_thread(outbox.put, [update(1)])
    await asyncio.sleep(0)
    assert deliveries.seen == [[1]]
    outbox.put([update(2), update(3)])
    outbox.put([update(4)])
    await asyncio.sleep(0)
    assert deliveries.seen == [[1]]
    await asyncio.sleep(2 * PAUSE)
    assert deliveries.seen == [[1], [2, 3, 4]]


async def test_what_comes_after_a_silence_goes_at_once() -> None:
    deliveries = Deliveries()
    outbox = Outbox(asyncio.get_running_loop(), deliveries.take)
    for number in (1, 2):
        outbox.put([update(number)])
        await asyncio.sleep(0)
        assert deliveries.seen[-1] == [number]
        await asyncio.sleep(3 * PAUSE)


async def test_what_ends_a_request_is_not_held_back() -> None:
    deliveries = Deliveries()
    outbox = Outbox(asyncio.get_running_loop(), deliveries.take)
    outbox.put([update(1)])
    await asyncio.sleep(0)
    outbox.put([update(1)])
    outbox.put([update(1), update(1, ends=True)])
    await asyncio.sleep(0)
    assert deliveries.seen == [[1], [1, 1, 1]]
    outbox.put([update(2)])
    await asyncio.sleep(0)
    assert len(deliveries.seen) == 2
    await asyncio.sleep(2 * PAUSE)
    assert deliveries.seen == [[1], [1, 1, 1], [2]]
