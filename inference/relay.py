"""A stream on its way to a client. Owns the backend's reply, so that closing the relay frees what the attempt holds."""

import asyncio
import time
from collections.abc import AsyncIterator

import structlog

from inference.backends.base import Reply
from inference.errors import GatewayError
from inference.exchange import Exchange
from inference.ir import Usage

log = structlog.get_logger("mlxmanager.relay")

# How long a stream that has begun, but holds no content yet, may still give way to another target. In seconds.
LONGEST_HOLD = 2.0


class Relay:
    """Iterate it once for the client's bytes. Close it whatever happened, also when it was never iterated.

    Until the first part is there an error is raised, and another target may still answer. After it an error becomes
    the protocol's error event, and the stream ends.
    """

    def __init__(self, reply: Reply, exchange: Exchange) -> None:
        self._reply = reply
        self._exchange = exchange
        self._stream = exchange.stream(reply.is_stream)
        self._parts = self._translated()
        self._begun = False
        self._first = b""
        self._coming: asyncio.Future[bytes] | None = None
        self._reader: asyncio.Task[object] | None = None
        self._interruption: GatewayError | None = None

    async def begin(self) -> None:
        """Wait for the first part. Raises GatewayError."""
        self._first = await anext(self._parts, b"")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._reader = asyncio.current_task()
        yield self._first
        async for part in self._parts:
            yield part

    def interrupt(self, error: GatewayError) -> None:
        """End the stream with an error event, now."""
        self._interruption = error
        if self._reader is not None:
            self._reader.cancel()

    async def aclose(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
        await self._reply.aclose()
        if self._begun:
            log_usage(self._exchange.usage)

    async def _translated(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._chunks():
                part = self._stream.release() if chunk is None else self._stream.feed(chunk)
                if part:
                    self._begun = True
                    yield part
                    # An upstream that is always ready would otherwise never let the loop see that the client left.
                    await asyncio.sleep(0)
            if part := self._stream.end():
                yield part
        except GatewayError as error:
            if not self._begun:
                raise
            log.warning("stream broke", kind=str(error.kind), reason=error.message)
            yield self._stream.fail(error)
        except asyncio.CancelledError:
            if self._interruption is None or self._reader is None:
                raise
            self._reader.uncancel()
            yield self._stream.fail(self._interruption)

    async def _chunks(self) -> AsyncIterator[bytes | None]:
        """The reply's chunks; None where what is held must go out, because nothing else came in time."""
        chunks = self._reply.chunks()
        deadline = time.monotonic() + LONGEST_HOLD
        while not self._begun:
            self._coming = self._coming or asyncio.ensure_future(anext(chunks, b""))
            await asyncio.wait({self._coming}, timeout=deadline - time.monotonic())
            # Also where much comes but no content, as comments and pings do.
            if not self._coming.done() or time.monotonic() >= deadline:
                break
            chunk, self._coming = self._coming.result(), None
            if not chunk:
                return
            yield chunk
        if self._coming is not None:
            yield None
            if not (chunk := await self._coming):
                return
            yield chunk
        async for chunk in chunks:
            yield chunk


def log_usage(usage: Usage | None) -> None:
    """What an answer cost, as far as its backend told by the time it ended or was left."""
    if usage is not None:
        log.info("answered", input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
