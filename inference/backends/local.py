"""The backend in front of the local worker: one connection per process, many requests on it."""

import asyncio
import functools
import math
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from inference import sockets
from inference.backends.base import Call
from inference.backends.worker_connection import RETRY_AFTER, Connection, Exchange, unavailable
from inference.errors import BackendError, Kind
from inference.protocols import wire
from routing.route import Target

HELLO_SECONDS = 5.0
FAILURE_HOLDS = 0.2
# Longer than loading a tokenizer keeps the worker from its socket.
LONGEST_SILENCE = 10.0
PING_SECONDS = 5.0
ANSWER_SECONDS = 60.0
LARGEST_FRAME = wire.largest_frame(32 * 1024**2)

# What may wait for a slow client; the answer is given up beyond it.
BUFFER_BYTES = 64 * 1024


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

    def __init__(
        self,
        socket: Path,
        *,
        largest_frame: int = LARGEST_FRAME,
        buffer: int = BUFFER_BYTES,
        silence: float = LONGEST_SILENCE,
    ) -> None:
        self._socket = socket
        self._make = functools.partial(Connection, largest_frame=largest_frame, buffer=buffer, silence=silence)
        self._connection: Connection | None = None
        self._failed_at = -math.inf
        self._connecting = asyncio.Lock()

    @property
    def is_connected(self) -> bool:
        return self._connection is not None and self._connection.is_open

    async def open(self, call: Call, target: Target) -> LocalReply:
        connection = await self._connect()
        job = msgspec.Raw(call.body)
        exchange = connection.ask(wire.Submit(id=0, deadline=call.first_byte, tenant=call.tenant, job=job))
        try:
            async with asyncio.timeout(call.first_byte):
                first = await exchange.take()
        except TimeoutError:
            connection.cancel(exchange)
            raise self._late(connection, target) from None
        except BaseException:
            connection.cancel(exchange)
            raise
        return LocalReply(connection, exchange, first=first, idle=call.idle)

    def _late(self, connection: Connection, target: Target) -> BackendError:
        if connection.status is not None and connection.status.loading == target.model:
            return BackendError(Kind.MODEL_LOADING, f"model: {target.model} is loading.", retry_after=RETRY_AFTER)
        return BackendError(Kind.UPSTREAM_TIMEOUT, "The local worker did not answer in time.")

    async def status(self) -> wire.Status:
        """The worker's state, at most about a second old. Raises BackendError where there is no worker."""
        status = (await self._connect()).status
        assert status is not None
        return status

    async def count(self, body: bytes) -> int:
        """The tokens of a request, rendered as for `open`. Loads its model."""
        value = await self._result(wire.Count(id=0, job=msgspec.Raw(body)))
        assert value is not None
        return value

    async def ping(self) -> None:
        """Have the worker's model thread answer. Raises BackendError where it does not, save while it loads a model."""
        try:
            await self._result(wire.Ping(id=0), within=PING_SECONDS)
        except BackendError:
            if not (await self.status()).loading:
                raise

    async def load(self, model: str) -> None:
        await self._result(wire.Load(id=0, model=model))

    async def unload(self, model: str) -> None:
        await self._result(wire.Unload(id=0, model=model))

    async def aclose(self) -> None:
        if self._connection is not None:
            self._connection.close()

    async def _result(
        self, frame: wire.Load | wire.Unload | wire.Count | wire.Ping, *, within: float = ANSWER_SECONDS
    ) -> int | None:
        connection = await self._connect()
        exchange = connection.ask(frame)
        try:
            async with asyncio.timeout(within):
                await exchange.take()
        except TimeoutError:
            raise unavailable("The local worker did not answer in time.") from None
        finally:
            connection.cancel(exchange)
        return exchange.value

    async def _connect(self) -> Connection:
        async with self._connecting:
            if self._connection is None or not self._connection.is_open:
                # Those who waited for a connection that did not come need not each wait for it anew.
                if time.monotonic() - self._failed_at < FAILURE_HOLDS:
                    raise unavailable("The local worker does not run.")
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
        except OSError:  # a TimeoutError is one
            self._failed_at = time.monotonic()
            raise unavailable("The local worker does not run.") from None
        return connection
