"""A stream on its way to a client. Owns the backend's reply, so that closing the relay frees what the attempt holds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import structlog

from inference.backends.base import Reply
from inference.errors import BackendError, GatewayError, Kind
from inference.exchange import Translating
from inference.ir import Usage

log = structlog.get_logger("mlxmanager.relay")


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a stream waits for what, in seconds.

    `hold`: how long one that has begun, but holds no content yet, may still give way to another target. `keepalive`:
    how long its client hears nothing. `ending`: from the end of the answer, or what still came of it, to the end of the
    stream. `content`: how long a stream may say nothing but that it is alive; models that think in silence do so for
    minutes.
    """

    hold: float = 2.0
    keepalive: float = 10.0
    ending: float = 5.0
    content: float = 600.0


TIMING = Timing()


class Relay:
    """Iterate it once for the client's bytes. Close it whatever happened, also when it was never iterated.

    Until the first part is there an error is raised, and another target may still answer. After it an error becomes
    the protocol's error event, and the stream ends; `broken_by` is then its kind. `spent` is told at the
    end what a stream that has begun has cost.
    """

    def __init__(
        self, reply: Reply, stream: Translating, timing: Timing, *, spent: Callable[[Usage | None], None]
    ) -> None:
        self._reply = reply
        self._stream = stream
        self._timing = timing
        self._spent = spent
        self._intake = reply.intake()
        self._begun = False
        self._is_over = False
        self._first = b""
        self._reader: asyncio.Task[object] | None = None
        self._interruption: GatewayError | None = None
        self.broken_by: Kind | None = None
        self._clock = asyncio.get_running_loop().time
        self._heard_at = self._told_at = self._clock()
        self._release_at: float | None = self._told_at + timing.hold
        self._is_ending = False
        self._progress = 0
        self._timer: asyncio.TimerHandle | None = None

    async def begin(self) -> None:
        """Wait for the first part. Raises GatewayError."""
        self._set_timer()
        self._first = await anext(self, b"")

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._reader = asyncio.current_task()
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        if self._is_over:
            raise StopAsyncIteration
        try:
            while (chunk := await self._intake.take()) != b"":
                if part := self._translated(chunk):
                    return part
            part = self._stream.end()
        except GatewayError as error:
            if not self._begun:
                raise
            log.warning("stream broke", kind=str(error.kind), reason=error.message)
            part = self._broken(error)
        except asyncio.CancelledError:
            if self._interruption is None or self._reader is None:
                raise
            self._reader.uncancel()
            part = self._broken(self._interruption)
        self._is_over = True
        if not part:
            raise StopAsyncIteration
        self._begun = True
        return part

    def interrupt(self, error: GatewayError) -> None:
        """End the stream with an error event, now."""
        self._interruption = error
        if self._reader is not None:
            self._reader.cancel()

    async def aclose(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._intake.close()
        await self._reply.aclose()
        if self._begun:
            self._spent(self._stream.usage)

    def _translated(self, chunk: bytes | None) -> bytes:
        stream = self._stream
        part = self._overdue() if chunk is None else stream.feed(chunk)
        if part:
            self._begun = True
            self._told_at = self._clock()
        if not self._is_ending and stream.is_ending:
            # Where several answers come in one stream, this is the end of the first of them.
            self._is_ending = True
            self._note_progress()
            self._set_timer()
        return part

    def _broken(self, error: GatewayError) -> bytes:
        self.broken_by = error.kind
        return self._stream.fail(error)

    def _overdue(self) -> bytes:
        """What the client gets because nothing came in time. Raises BackendError where it has waited long enough."""
        now = self._clock()
        part = b""
        if self._is_ending:
            if now >= self._heard_at + self._timing.ending:
                self._intake.close()
        elif self._release_at is not None and now >= self._release_at:
            self._release_at = None
            part = self._stream.release()
        elif now >= self._heard_at + self._timing.content:
            raise BackendError(Kind.UPSTREAM_TIMEOUT, "The upstream is alive but has said nothing for too long.")
        elif self._begun and now >= self._told_at + self._timing.keepalive:
            part = self._stream.keepalive
        self._set_timer()
        return part

    def _due(self) -> float:
        if self._is_ending:
            return self._heard_at + self._timing.ending
        due = self._heard_at + self._timing.content
        if self._release_at is not None:
            due = min(due, self._release_at)
        return min(due, self._told_at + self._timing.keepalive) if self._begun else due

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(self._due(), self._check)

    def _check(self) -> None:
        """What a part changes is looked at only here, when the time comes that was due before it."""
        if self._stream.progress != self._progress:
            self._note_progress()
        if self._clock() >= self._due():
            self._intake.wake()
        else:
            self._set_timer()

    def _note_progress(self) -> None:
        self._progress = self._stream.progress
        self._heard_at = self._clock()
