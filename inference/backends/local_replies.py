"""The local worker's answers as replies: streams of what it writes, and values that come whole."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from inference.backends.exchanges import Answers
from inference.errors import BackendError, Kind


class StreamReply:
    """`first` is what has come already, `idle` how many seconds may pass between two chunks. Closing it ends `stay`."""

    headers: tuple[tuple[str, str], ...] = ()
    is_stream = True

    def __init__(self, answers: Answers, *, first: bytes, idle: float, stay: AsyncExitStack) -> None:
        self._answers = answers
        self._stay = stay
        self._first = first
        self._idle = idle

    async def chunks(self) -> AsyncIterator[bytes]:
        chunk = self._first
        while chunk:
            yield chunk
            try:
                async with asyncio.timeout(self._idle):
                    chunk = await self._answers.take()
            except TimeoutError:
                raise BackendError(Kind.UPSTREAM_TIMEOUT, "The local worker has stopped answering.") from None

    async def aclose(self) -> None:
        self._answers.close()
        await self._stay.aclose()


class WholeReply:
    headers: tuple[tuple[str, str], ...] = ()
    is_stream = False

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._body

    async def aclose(self) -> None:
        """Nothing is held."""
