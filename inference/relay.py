"""A stream on its way to a client. Owns the backend's reply, so that closing the relay frees what the attempt holds."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog

from inference import guess
from inference.backends.base import Reply
from inference.course import Course
from inference.errors import BackendError, GatewayError, Kind
from inference.exchange import Translating
from inference.silence import Silence

log = structlog.get_logger("mlxmanager.relay")


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a stream waits for what, in seconds.

    `hold`: how long one that has begun, but holds no content yet, may still give way to another target. `keepalive`:
    how long at most its client hears nothing. `ending`: from the end of the answer, or what still came of it, to the
    end of the stream. `content`: how long a stream may say nothing but that it is alive; models that think in silence
    do so for minutes.
    """

    hold: float = 2.0
    keepalive: float = 10.0
    ending: float = 5.0
    content: float = 600.0


TIMING = Timing()


class Relay:
    """Iterate it once for the client's bytes. Close it whatever happened, also when it was never iterated.

    Until the first part is there an error is raised, and another target may still answer. After it an error becomes
    the protocol's error event, and the stream ends; `broken_by` is then its kind. `course` is told at the
    end what a stream that has begun has cost.
    """

    def __init__(self, reply: Reply, stream: Translating, timing: Timing, *, course: Course) -> None:
        self._reply = reply
        self._stream = stream
        self._timing = timing
        self._course = course
        self._written = 0
        self._intake = reply.intake()
        self._begun = False
        self._is_over = False
        self._first = b""
        self._reader: asyncio.Task[object] | None = None
        self._interruption: GatewayError | None = None
        self.broken_by: Kind | None = None
        self._is_holding = True
        self._is_ending = False
        self._is_quiet = False
        self._progress = 0
        self._heard_at = time.monotonic()
        self._silence = Silence(timing.hold, self._look)

    async def begin(self) -> None:
        """Wait for the first part. Raises GatewayError."""
        self._silence.begin()
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
            # Not its message: an upstream may repeat what it was asked.
            log.warning("stream broke", kind=str(error.kind))
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
        self._silence.close()
        self._intake.close()
        await self._reply.aclose()
        if self._begun:
            is_whole = self._is_over and self.broken_by is None
            self._course.spend(self._stream.usage, written=self._written, is_whole=is_whole)

    def _translated(self, chunk: bytes | None) -> bytes:
        stream = self._stream
        part = self._overdue() if chunk is None else stream.feed(chunk)
        if part:
            self._begun, self._is_quiet = True, False
            self._written += guess.streamed_tokens(part)
        if not self._is_ending and stream.is_ending:
            # Where several answers come in one stream, this is the end of the first of them.
            self._is_ending, self._progress = True, stream.progress
            self._look_in(self._timing.ending)
        return part

    def _broken(self, error: GatewayError) -> bytes:
        self.broken_by = error.kind
        return self._stream.fail(error)

    def _look_in(self, seconds: float) -> None:
        self._silence.close()
        self._silence = Silence(seconds, self._look)
        self._silence.begin()

    def _look(self) -> None:
        """What parts change is looked at only here, now and then; who waits for one is woken where something is due."""
        has_progressed = self._stream.progress != self._progress
        if has_progressed:
            self._progress, self._heard_at = self._stream.progress, time.monotonic()
        if self._is_ending:
            is_due = not has_progressed
        else:
            is_due = self._is_holding or self._is_forsaken or (self._begun and self._is_quiet)
            self._is_quiet = True
        if is_due:
            self._intake.wake()
        else:
            self._silence.begin()

    def _overdue(self) -> bytes:
        """What the client gets because nothing came in time. Raises BackendError where it has waited long enough."""
        if self._is_ending:
            self._intake.close()
            return b""
        if self._is_holding:
            self._is_holding = False
            # A look finds that nothing came since the last one, so that there are two in that time.
            self._look_in(self._timing.keepalive / 2)
            return self._stream.release()
        if self._is_forsaken:
            raise BackendError(Kind.UPSTREAM_TIMEOUT, "The upstream is alive but has said nothing for too long.")
        self._silence.begin()
        return self._stream.keepalive if self._begun and self._is_quiet else b""

    @property
    def _is_forsaken(self) -> bool:
        return time.monotonic() >= self._heard_at + self._timing.content
