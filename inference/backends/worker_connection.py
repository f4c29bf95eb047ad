"""The gateway's end of the connection to the worker: many exchanges on it, each with a bounded buffer."""

import asyncio
import itertools
from collections import deque
from typing import cast

import msgspec

from inference.errors import BackendError, Kind
from inference.protocols import wire

RETRY_AFTER = 5


def unavailable(message: str) -> BackendError:
    return BackendError(Kind.LOCAL_WORKER_UNAVAILABLE, message, retry_after=RETRY_AFTER)


class Exchange:
    """One request's end of the connection: chunks come in, until it has ended or failed."""

    def __init__(self, number: int, *, buffer: int) -> None:
        self.id = number
        self._buffer = buffer
        self.value: int | None = None
        self.ended = False
        self._chunks: deque[bytes] = deque()
        self._bytes = 0
        self._error: BackendError | None = None
        self._news = asyncio.Event()

    def put(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._bytes += len(chunk)
        self._news.set()

    @property
    def is_full(self) -> bool:
        return len(self._chunks) > 1 and self._bytes > self._buffer

    def end(self, error: BackendError | None = None) -> None:
        if not self.ended:
            self.ended, self._error = True, error
            self._news.set()

    async def take(self) -> bytes:
        """All that has come, waiting for it; empty at the end. Raises BackendError."""
        await self._news.wait()
        if not self._chunks and self._error is not None:
            raise self._error
        data = b"".join(self._chunks)
        self._chunks.clear()
        self._bytes = 0
        if not self.ended:
            self._news.clear()
        return data


class Connection(asyncio.Protocol):
    """`buffer` in bytes for each exchange; after `silence` seconds without a frame the worker is given up."""

    def __init__(self, *, largest_frame: int, buffer: int, silence: float) -> None:
        loop = asyncio.get_running_loop()
        self._reader = wire.FrameReader(wire.FROM_WORKER, largest_frame)
        self._largest_frame = largest_frame
        self._buffer = buffer
        self._silence = silence
        self._exchanges: dict[int, Exchange] = {}
        self._ids = itertools.count(1)
        self._transport: asyncio.Transport | None = None
        self._loop = loop
        self._heard_at = loop.time()
        self._watch: asyncio.TimerHandle | None = None
        self.ready: asyncio.Future[None] = loop.create_future()
        self.status: wire.Status | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an isinstance: uvloop's transports are no asyncio.Transport, only alike.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(wire.pack(wire.Hello(wire.VERSION)))
        self._watch = self._loop.call_later(self._silence, self._check_silence)

    def connection_lost(self, _: Exception | None) -> None:
        self._lose(unavailable("The local worker is gone."))

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        try:
            for frame in self._reader.feed(data):
                self._receive(frame)
        except msgspec.MsgspecError:
            self._lose(unavailable("The local worker speaks another protocol."))

    def ask(self, frame: wire.Load | wire.Unload | wire.Submit | wire.Count | wire.Ping) -> Exchange:
        """Send a request; the frame's id is replaced by a new one."""
        if self._transport is None:
            raise unavailable("The local worker is gone.")
        exchange = Exchange(next(self._ids), buffer=self._buffer)
        packed = wire.pack(msgspec.structs.replace(frame, id=exchange.id))
        if len(packed) > self._largest_frame:
            raise BackendError(Kind.REQUEST_TOO_LARGE, "The request is too large for the local worker.")
        self._exchanges[exchange.id] = exchange
        self._transport.write(packed)
        return exchange

    def cancel(self, exchange: Exchange) -> None:
        if self._exchanges.pop(exchange.id, None) is not None and self._transport is not None:
            self._transport.write(wire.pack(wire.Cancel(exchange.id)))
        exchange.end()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _receive(self, frame: wire.FromWorker | wire.TooLarge) -> None:
        match frame:
            case wire.Events(answers=answers):
                for number, events in answers:
                    self._put(number, wire.prefixed(events))
            case wire.Done():
                self._end(frame.id)
            case wire.Result():
                self._end(frame.id, value=frame.value)
            case wire.Error(id=0):
                self._lose(unavailable(frame.message))
            case wire.Error():
                error = BackendError(frame.kind, frame.message, retry_after=frame.retry_after)
                error.param = frame.param
                self._end(frame.id, error)
            case wire.Status():
                self.status = frame
                if not self.ready.done():
                    self.ready.set_result(None)
            case wire.Hello(version=version) if version != wire.VERSION:
                message = f"The local worker speaks version {version}, not {wire.VERSION}; restart both."
                self._lose(unavailable(message))
            case wire.TooLarge():
                self._end(frame.id or 0, BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The answer is too large."))
            case wire.Hello() | wire.Accepted() | wire.Progress():
                pass

    def _check_silence(self) -> None:
        """A worker says something every second; one that is stopped keeps its socket and says nothing."""
        left = self._heard_at + self._silence - self._loop.time()
        if left <= 0:
            self._lose(unavailable("The local worker has fallen silent."))
        else:
            self._watch = self._loop.call_later(left, self._check_silence)

    def _put(self, number: int, chunk: bytes) -> None:
        exchange = self._exchanges.get(number)
        if exchange is None:
            return
        exchange.put(chunk)
        if exchange.is_full:
            exchange.end(BackendError(Kind.UPSTREAM_STREAM_TRUNCATED, "The answer was not read fast enough."))
            self.cancel(exchange)

    def _end(self, number: int, error: BackendError | None = None, *, value: int | None = None) -> None:
        exchange = self._exchanges.pop(number, None)
        if exchange is not None:
            exchange.value = value
            exchange.end(error)

    def _lose(self, error: BackendError) -> None:
        """Nothing comes any more: every request fails."""
        self.close()
        self._transport = None
        if self._watch is not None:
            self._watch.cancel()
        if not self.ready.done():
            self.ready.set_exception(error)
        for exchange in self._exchanges.values():
            exchange.end(error)
        self._exchanges.clear()
