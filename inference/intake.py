"""A reply's chunks, read by a task of their own, so that whoever waits for one can be woken for another reason."""

import asyncio
from collections.abc import AsyncIterator

# In bytes. What may wait for a slow client; beyond it nothing more is read.
MOST_AHEAD = 64 * 1024


class Intake:
    """One taker at a time. Close it whatever happened."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._ahead: list[bytes] = []
        self._size = 0
        self._is_woken = False
        self._taker: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._reading = asyncio.ensure_future(self._read())
        self._reading.add_done_callback(self._ended)

    async def take(self) -> bytes | None:
        """All that has come, or what comes next: nothing at the end, None when woken first.

        Raises what reading raised.
        """
        while not self._ahead:
            if self._is_woken:
                self._is_woken = False
                return None
            if self._reading.done():
                if not self._reading.cancelled():
                    self._reading.result()
                return b""
            self._taker = asyncio.get_running_loop().create_future()
            await self._taker
        taken = self._ahead[0] if len(self._ahead) == 1 else b"".join(self._ahead)
        self._ahead.clear()
        self._size = 0
        settle(self._room)
        return taken

    def wake(self) -> None:
        self._is_woken = True
        settle(self._taker)

    def close(self) -> None:
        """Read no more; who takes finds the end."""
        self._reading.cancel()

    async def _read(self) -> None:
        async for chunk in self._chunks:
            if not chunk:
                continue
            self._ahead.append(chunk)
            self._size += len(chunk)
            settle(self._taker)
            if self._size > MOST_AHEAD:
                self._room = asyncio.get_running_loop().create_future()
                await self._room

    def _ended(self, reading: asyncio.Future[None]) -> None:
        # Asked for here, because after a client left nobody takes it.
        if not reading.cancelled():
            reading.exception()
        settle(self._taker)


def settle(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
