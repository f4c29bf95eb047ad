"""What comes of a reply, kept until it is taken, so that whoever waits for it can be woken for another reason."""

import asyncio
from collections.abc import AsyncIterator

# In bytes. What may wait for a slow client; beyond it nothing more is read.
MOST_AHEAD = 64 * 1024


class Intake:
    """Filled by whom the bytes come to: `put`, then `end`. One taker at a time. Close it whatever happened."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ahead: list[bytes] = []
        self._size = 0
        self._is_woken = False
        self._is_over = False
        self._error: BaseException | None = None
        self._taker: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Until there is something to take, or the end. Raises the error that ended it, once all is taken."""
        while not self._ahead and not self._is_woken:
            if self._is_over:
                if self._error is not None:
                    raise self._error
                return
            self._taker = self._loop.create_future()
            await self._taker

    async def take(self) -> bytes | None:
        """All that has come, or what comes next: nothing at the end, None when woken first. Raises as `wait` does."""
        await self.wait()
        if self._ahead:
            taken = self._ahead[0] if len(self._ahead) == 1 else b"".join(self._ahead)
            self._ahead.clear()
            self._size = 0
            return taken
        woken, self._is_woken = self._is_woken, False
        return None if woken else b""

    def put(self, chunk: bytes) -> None:
        self._ahead.append(chunk)
        self._size += len(chunk)
        settle(self._taker)

    def end(self, error: BaseException | None = None) -> None:
        """Nothing more comes. The first time counts."""
        if not self._is_over:
            self._is_over, self._error = True, error
            settle(self._taker)

    def wake(self) -> None:
        self._is_woken = True
        settle(self._taker)

    def close(self) -> None:
        """Who takes finds the end."""
        self.end()


class Reading(Intake):
    """Filled by a task of its own, from chunks that have to be asked for."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._room: asyncio.Future[None] | None = None
        self._reading = asyncio.ensure_future(self._read())
        self._reading.add_done_callback(self._ended)

    async def take(self) -> bytes | None:
        taken = await super().take()
        settle(self._room)
        return taken

    def close(self) -> None:
        self._reading.cancel()
        super().close()

    async def _read(self) -> None:
        async for chunk in self._chunks:
            if chunk:
                self.put(chunk)
            if self._size > MOST_AHEAD:
                self._room = self._loop.create_future()
                await self._room

    def _ended(self, reading: asyncio.Future[None]) -> None:
        self.end(None if reading.cancelled() else reading.exception())


def settle(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
