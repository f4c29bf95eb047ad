"""Requests at the worker, and what has come for them: kept in bounded buffers, and read as one."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from inference.errors import BackendError
from inference.protocols import wire

# From a list of events to the chunk that stands for it.
type Render = Callable[[msgspec.Raw], bytes]


def ignored() -> None:
    """What is heard of an answer, where nobody waits for it."""


class Exchange:
    """One request; `job` is the work of a model in it. `buffer` is in bytes; `news` is set when something has come.

    `heard` is called when there is more of the answer, or a sign that it is being worked on.
    """

    def __init__(
        self, number: int, render: Render, *, buffer: int, news: asyncio.Event, job: msgspec.Raw | None = None
    ) -> None:
        self.id = number
        self.job = job
        self._render = render
        self._buffer = buffer
        self._news = news
        self.result: wire.Result | None = None
        self.error: BackendError | None = None
        self.ended = False
        self.heard: Callable[[], None] = ignored
        self._chunks: deque[bytes] = deque()
        self._bytes = 0

    def put(self, events: msgspec.Raw) -> None:
        self._chunks.append(self._render(events))
        self._bytes += len(self._chunks[-1])
        self.heard()
        self._news.set()

    @property
    def is_full(self) -> bool:
        """Behind the piece that is read next, which may be of any size."""
        first = len(self._chunks[0]) if self._chunks else 0
        return self._bytes - first > self._buffer

    def end(self, error: BackendError | None = None, *, result: wire.Result | None = None) -> None:
        if not self.ended:
            self.ended, self.error, self.result = True, error, result
            self._news.set()

    def drain(self) -> bytes:
        """All that has come."""
        data = b"".join(self._chunks)
        self._chunks.clear()
        self._bytes = 0
        return data


class Answers:
    """What comes for some requests. The failure of one is the failure of all."""

    def __init__(self, exchanges: Sequence[Exchange], news: asyncio.Event, cancel: Callable[[Exchange], None]) -> None:
        self._exchanges = exchanges
        self._news = news
        self._cancel = cancel

    async def take(self) -> bytes:
        """All that has come, waiting for it; empty at the end. Raises BackendError."""
        while True:
            if data := b"".join([exchange.drain() for exchange in self._exchanges]):
                return data
            for exchange in self._exchanges:
                if exchange.error is not None:
                    self.close()
                    raise exchange.error
            if all(exchange.ended for exchange in self._exchanges):
                return b""
            self._news.clear()
            await self._news.wait()

    def tell(self, heard: Callable[[], None]) -> None:
        """Have this called, and nothing else, when something is heard of any of them."""
        for exchange in self._exchanges:
            exchange.heard = heard

    def result(self) -> wire.Result:
        """Of one request that ends with a result, once it has."""
        result = self._exchanges[0].result
        assert result is not None
        return result

    def fail(self, error: BackendError) -> None:
        """End them with it, for who waits."""
        for exchange in self._exchanges:
            exchange.end(error)

    def close(self) -> None:
        """Cancel what has not ended."""
        for exchange in self._exchanges:
            self._cancel(exchange)
