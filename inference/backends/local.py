"""The backend in front of the local worker: one connection per process, many requests on it."""

import asyncio
import functools
import itertools
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import msgspec

from inference import sockets
from inference.backends.base import Call
from inference.errors import BackendError, Kind
from inference.protocols import native
from routing.route import Target

HELLO_SECONDS = 5.0
ANSWER_SECONDS = 30.0
RETRY_AFTER = 5
LARGEST_FRAME = native.largest_frame(32 * 1024**2)

# What may wait for a slow client; the answer is given up beyond it.
BUFFER_BYTES = 64 * 1024


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
    def __init__(self, *, largest_frame: int, buffer: int) -> None:
        loop = asyncio.get_running_loop()
        self._reader = native.FrameReader(native.FROM_WORKER, largest_frame)
        self._largest_frame = largest_frame
        self._buffer = buffer
        self._exchanges: dict[int, Exchange] = {}
        self._ids = itertools.count(1)
        self._transport: asyncio.Transport | None = None
        self._greeted = False
        self.ready: asyncio.Future[None] = loop.create_future()
        self.status: native.Status | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an isinstance: uvloop's transports are no asyncio.Transport, only alike.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(native.pack(native.Hello(native.VERSION)))

    def connection_lost(self, _: Exception | None) -> None:
        self._lose(unavailable("The local worker is gone."))

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                self._receive(frame)
        except msgspec.MsgspecError:
            self._lose(unavailable("The local worker speaks another protocol."))

    def ask(self, frame: native.Load | native.Unload | native.Submit | native.Count | native.Ping) -> Exchange:
        """Send a request; the frame's id is replaced by a new one."""
        if self._transport is None:
            raise unavailable("The local worker is gone.")
        exchange = Exchange(next(self._ids), buffer=self._buffer)
        packed = native.pack(msgspec.structs.replace(frame, id=exchange.id))
        if len(packed) > self._largest_frame:
            raise BackendError(Kind.REQUEST_TOO_LARGE, "The request is too large for the local worker.")
        self._exchanges[exchange.id] = exchange
        self._transport.write(packed)
        return exchange

    def cancel(self, exchange: Exchange) -> None:
        if self._exchanges.pop(exchange.id, None) is not None and self._transport is not None:
            self._transport.write(native.pack(native.Cancel(exchange.id)))
        exchange.end()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _receive(self, frame: native.FromWorker | native.TooLarge) -> None:
        match frame:
            case native.Events(answers=answers):
                for number, events in answers:
                    self._put(number, native.prefixed(events))
            case native.Done():
                self._end(frame.id)
            case native.Result():
                self._end(frame.id, value=frame.value)
            case native.Error(id=0):
                self._lose(unavailable(frame.message))
            case native.Error():
                error = BackendError(frame.kind, frame.message, retry_after=frame.retry_after)
                error.param = frame.param
                self._end(frame.id, error)
            case native.Status():
                self.status = frame
                if not self.ready.done():
                    self.ready.set_result(None)
            case native.Hello(version=version) if version != native.VERSION:
                message = f"The local worker speaks version {version}, not {native.VERSION}; restart both."
                self._lose(unavailable(message))
            case native.TooLarge():
                self._end(frame.id or 0, BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The answer is too large."))
            case native.Hello() | native.Accepted() | native.Progress():
                pass

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
        if not self.ready.done():
            self.ready.set_exception(error)
        for exchange in self._exchanges.values():
            exchange.end(error)
        self._exchanges.clear()


class LocalReply:
    headers: tuple[tuple[str, str], ...] = ()
    is_stream = True

    def __init__(self, connection: Connection, exchange: Exchange, *, first: bytes, idle: float) -> None:
        self._connection = connection
        self._exchange = exchange
        self._first = first
        self._idle = idle

    async def chunks(self) -> AsyncIterator[bytes]:
        chunk = self._first
        while chunk:
            yield chunk
            try:
                async with asyncio.timeout(self._idle):
                    chunk = await self._exchange.take()
            except TimeoutError:
                raise BackendError(Kind.UPSTREAM_TIMEOUT, "The local worker has stopped answering.") from None

    async def aclose(self) -> None:
        self._connection.cancel(self._exchange)


class LocalBackend:
    """Connects when it is first needed, and again when the worker is back. `socket` is `sockets.socket_path`'s."""

    protocol = "native"

    def __init__(self, socket: Path, *, largest_frame: int = LARGEST_FRAME, buffer: int = BUFFER_BYTES) -> None:
        self._socket = socket
        self._make = functools.partial(Connection, largest_frame=largest_frame, buffer=buffer)
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()

    async def open(self, call: Call, target: Target) -> LocalReply:  # noqa: ARG002 - the body names the model
        connection = await self._connect()
        job = msgspec.Raw(call.body)
        exchange = connection.ask(native.Submit(id=0, deadline=call.first_byte, tenant=call.tenant, job=job))
        try:
            async with asyncio.timeout(call.first_byte):
                first = await exchange.take()
        except TimeoutError:
            connection.cancel(exchange)
            raise BackendError(Kind.UPSTREAM_TIMEOUT, "The local worker did not answer in time.") from None
        except BaseException:
            connection.cancel(exchange)
            raise
        return LocalReply(connection, exchange, first=first, idle=call.idle)

    async def status(self) -> native.Status:
        """The worker's state, at most about a second old. Raises BackendError where there is no worker."""
        status = (await self._connect()).status
        assert status is not None
        return status

    async def count(self, body: bytes) -> int:
        """The tokens of a request, rendered as for `open`. Loads its model."""
        value = await self._result(native.Count(id=0, job=msgspec.Raw(body)))
        assert value is not None
        return value

    async def ping(self) -> None:
        """Have the worker's model thread answer. Raises BackendError where it does not."""
        await self._result(native.Ping(id=0))

    async def load(self, model: str) -> None:
        await self._result(native.Load(id=0, model=model))

    async def unload(self, model: str) -> None:
        await self._result(native.Unload(id=0, model=model))

    async def aclose(self) -> None:
        if self._connection is not None:
            self._connection.close()

    async def _result(self, frame: native.Load | native.Unload | native.Count | native.Ping) -> int | None:
        connection = await self._connect()
        exchange = connection.ask(frame)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await exchange.take()
        except TimeoutError:
            raise unavailable("The local worker did not answer in time.") from None
        finally:
            connection.cancel(exchange)
        return exchange.value

    async def _connect(self) -> Connection:
        async with self._connecting:
            if self._connection is None or not self._connection.is_open:
                self._connection = await self._new_connection()
            return self._connection

    async def _new_connection(self) -> Connection:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                _, connection = await asyncio.get_running_loop().create_unix_connection(
                    self._make, sockets.reach(self._socket)
                )
                try:
                    await connection.ready
                except BaseException:
                    connection.close()
                    raise
        except (OSError, TimeoutError):
            raise unavailable("The local worker does not run.") from None
        return connection
