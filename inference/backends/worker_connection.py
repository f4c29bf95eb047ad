"""The gateway's end of the connection to the worker, with many exchanges on it."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import cast

import msgspec

from inference.backends.exchanges import Answers, Exchange, Render
from inference.backends.pulse import Pulse
from inference.backends.quarantine import Quarantine
from inference.errors import BackendError, Kind
from inference.protocols import wire

RETRY_AFTER = 5


def unavailable(message: str) -> BackendError:
    return BackendError(Kind.LOCAL_WORKER_UNAVAILABLE, message, retry_after=RETRY_AFTER)


class Connection(asyncio.Protocol):
    """`buffer` in bytes for each exchange; after `silence` seconds without a frame the worker is given up."""

    def __init__(self, quarantine: Quarantine, *, largest_frame: int, buffer: int, silence: float) -> None:
        self._quarantine = quarantine
        loop = asyncio.get_running_loop()
        self._reader = wire.FrameReader(wire.FROM_WORKER, largest_frame)
        self._largest_frame = largest_frame
        self._buffer = buffer
        self._longest_silence = silence
        self._exchanges: dict[int, Exchange] = {}
        self._ids = itertools.count(1)
        self._transport: asyncio.Transport | None = None
        self._loop = loop
        self._heard_at = loop.time()
        self._watch: asyncio.TimerHandle | None = None
        self.ready: asyncio.Future[None] = loop.create_future()
        self.crashed = False
        self.pulse = Pulse()

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    @property
    def silence(self) -> float:
        """Seconds since the worker said something."""
        return self._loop.time() - self._heard_at

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an isinstance: uvloop's transports are no asyncio.Transport, only alike.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(wire.pack(wire.Hello(wire.VERSION)))
        self._watch = self._loop.call_later(self._longest_silence, self._check_silence)

    def connection_lost(self, _: Exception | None) -> None:
        self._crash("The local worker is gone.")

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        try:
            for frame in self._reader.feed(data):
                self._receive(frame)
        except msgspec.MsgspecError:
            self._lose(unavailable("The local worker speaks another protocol."))

    def ask(self, requests: Sequence[tuple[wire.Asking, Render]]) -> Answers:
        """Send requests, to be read as one. Their ids are replaced by new ones. Raises BackendError."""
        if self._transport is None:
            raise unavailable("The local worker is gone.")
        answers = Answers(buffer=self._buffer, cancel=self.cancel)
        exchanges = [Exchange(next(self._ids), render, answers, job=job_of(frame)) for frame, render in requests]
        answers.expect(exchanges)
        numbered = zip(exchanges, requests, strict=True)
        packed = [wire.pack(msgspec.structs.replace(frame, id=exchange.id)) for exchange, (frame, _) in numbered]
        if any(len(frame) > self._largest_frame for frame in packed):
            raise BackendError(Kind.REQUEST_TOO_LARGE, "The request is too large for the local worker.")
        self._exchanges |= {exchange.id: exchange for exchange in exchanges}
        self._transport.write(b"".join(packed))
        return answers

    def tell(self, frame: wire.Configure) -> None:
        """Send what has no answer."""
        if self._transport is not None:
            self._transport.write(wire.pack(frame))

    def cancel(self, exchange: Exchange) -> None:
        if self._exchanges.pop(exchange.id, None) is not None and self._transport is not None:
            self._transport.write(wire.pack(wire.Cancel(exchange.id)))
        exchange.end()

    def close(self) -> None:
        """Leave the worker; what was asked of it fails."""
        self._lose(unavailable("The connection to the local worker was closed."))

    def _receive(self, frame: wire.FromWorker | wire.TooLarge) -> None:
        match frame:
            case wire.Events(answers=answers):
                for number, events in answers:
                    self._put(number, events)
            case wire.Done():
                self._end(frame.id)
            case wire.Result():
                self._end(frame.id, result=frame)
            case wire.Error(id=0):
                self._lose(unavailable(frame.message))
            case wire.Error():
                error = BackendError(frame.kind, frame.message, retry_after=frame.retry_after)
                error.param = frame.param
                self._end(frame.id, error)
            case wire.Status():
                self.pulse.hear(frame)
                if not self.ready.done():
                    self.ready.set_result(None)
            case wire.Hello(version=version) if version != wire.VERSION:
                message = f"The local worker speaks version {version}, not {wire.VERSION}; restart both."
                self._lose(unavailable(message))
            case wire.TooLarge():
                self._end(frame.id or 0, BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The answer is too large."))
            case wire.Progress():
                if (exchange := self._exchanges.get(frame.id)) is not None:
                    exchange.hear()
            case wire.Hello() | wire.Accepted():
                pass

    def _check_silence(self) -> None:
        """A worker says something every second; one that is stopped keeps its socket and says nothing."""
        left = self._longest_silence - self.silence
        if left <= 0:
            self._crash("The local worker has fallen silent.")
        else:
            self._watch = self._loop.call_later(left, self._check_silence)

    def _put(self, number: int, events: msgspec.Raw) -> None:
        exchange = self._exchanges.get(number)
        if exchange is None:
            return
        try:
            exchange.put(events)
        except BackendError as error:
            exchange.end(error)

    def _end(self, number: int, error: BackendError | None = None, *, result: wire.Result | None = None) -> None:
        exchange = self._exchanges.pop(number, None)
        if exchange is not None:
            exchange.end(error, result=result)
            # One that was refused, as while its model is loaded anew, has not been lived through.
            if exchange.job is not None and error is None:
                self._quarantine.clear(exchange.job)

    def _crash(self, message: str) -> None:
        """The worker is gone, unless we have left, and did not say that it would go."""
        if self._transport is None:
            return
        self.crashed = True
        self._quarantine.blame(exchange.job for exchange in self._exchanges.values() if exchange.job is not None)
        self._lose(BackendError(Kind.LOCAL_WORKER_CRASHED, message, retry_after=RETRY_AFTER))

    def _lose(self, error: BackendError) -> None:
        """Nothing comes any more: every request fails."""
        if self._transport is not None:
            self._transport.close()
        self._transport = None
        if self._watch is not None:
            self._watch.cancel()
        if not self.ready.done():
            self.ready.set_exception(error)
        exchanges = list(self._exchanges.values())
        self._exchanges.clear()
        for exchange in exchanges:
            exchange.end(error.anew())


def job_of(frame: wire.Asking) -> msgspec.Raw | None:
    """What a model has to do. To count tokens takes none."""
    return frame.job if isinstance(frame, wire.ForModel) else None
