"""What leaves the models' thread together, and when."""

import asyncio
from collections.abc import Sequence

from inference.protocols import wire
from inference.worker.outbox import PAUSE, Outbox
from inference.worker.work import Caller, Update


def update(number: int) -> Update:
    return Update(Caller(None, number), wire.Result(number))


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
