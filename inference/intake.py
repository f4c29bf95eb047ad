"""What comes of a reply, kept until it is taken, so that whoever waits for it can be woken for another reason."""

import asyncio
from collections.abc import Awaitable, Callable


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


class Reading:
    """Chunks that have to be asked for, as an intake is taken from. Nothing is read ahead of who takes them.

    `read` gives the next chunk, nothing at the end, and can be cancelled and called again.
    """

    def __init__(self, read: Callable[[], Awaitable[bytes]]) -> None:
        self._read = read
        self._is_woken = False
        self._is_over = False
        self._taker: asyncio.Task[object] | None = None

    async def take(self) -> bytes | None:
        """What comes next: nothing at the end, None when woken first. Raises as `read` does."""
        if self._is_over or self._is_woken:
            return self._woken()
        self._taker = taker = asyncio.current_task()
        assert taker is not None
        cancelling = taker.cancelling()
        try:
            return await self._read()
        except asyncio.CancelledError:
            # Who takes may have been cancelled by others too.
            if not self._is_woken or taker.uncancel() > cancelling:
                raise
            return self._woken()
        finally:
            self._taker = None

    def wake(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            if self._taker is not None:
                self._taker.cancel()

    def close(self) -> None:
        """Who takes finds the end."""
        self._is_over = True
        self.wake()

    def _woken(self) -> bytes | None:
        self._is_woken = False
        return b"" if self._is_over else None


def settle(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
