"""An answer on its way to a client that speaks the upstream's own protocol: every byte stays as it came."""

from typing import Protocol

import msgspec

from inference import ir, sse
from inference.errors import BackendError, GatewayError, Kind
from inference.ir import JSON


class Scanning(Protocol):
    """How a protocol's stream is watched. A `may_` is cheap and may be wrong where it says yes."""

    def is_terminal(self, events: bytes) -> bool: ...

    def may_be_error(self, events: bytes) -> bool: ...

    def has_content(self, events: bytes) -> bool:
        """More than the mere beginning of an answer."""

    def may_have_usage(self, events: bytes) -> bool: ...


class WatchedCodec(Protocol):
    """What relaying a protocol takes."""

    @property
    def KEEPALIVE(self) -> bytes: ...

    @property
    def scanning(self) -> Scanning: ...

    def acceptable(self, body: bytes) -> bytes:
        """The request without what we had put into the conversation and this protocol's upstream would refuse."""

    def read_usage(self, data: bytes | str, before: ir.Usage | None) -> ir.Usage | None:
        """Raises msgspec.DecodeError."""

    def parse_stream_error(self, error: JSON) -> BackendError: ...

    def render_stream_error(self, error: GatewayError, request_id: str) -> bytes: ...


class Counting(Protocol):
    """Looks for the usage in whole events. Never fails who relays them."""

    @property
    def usage(self) -> ir.Usage | None: ...

    def feed(self, events: bytes) -> None: ...


class Watched(msgspec.Struct):
    """The one thing looked for in an answer that is not ours to read."""

    error: JSON = None


WATCHED = msgspec.json.Decoder(Watched)
# Comments, and Anthropic's event for the same.
SIGNS_OF_LIFE = (b":", b"event: ping")
# In bytes. Who sends so much without content shall not fill the memory with it.
MOST_HELD = 64 * 1024


def check(codec: WatchedCodec, body: bytes) -> None:
    """Raises BackendError for a whole answer that is none, or an error that came with a good status."""
    try:
        error = WATCHED.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream sent an answer that is not JSON.") from None
    if error is not None:
        raise codec.parse_stream_error(error)


class PassthroughStream:
    """Relays whole events. The first are held until one has content, so that another target may still answer.

    `counting` is handed a copy of all that passes.
    """

    def __init__(self, codec: WatchedCodec, request_id: str, counting: Counting) -> None:
        self._codec = codec
        self._scanning = codec.scanning
        self._request_id = request_id
        self._counting = counting
        self._splitter = sse.Splitter()
        self._held = b""
        self._begun = False
        self.is_ending = False
        self.progress = 0
        self.keepalive = codec.KEEPALIVE

    @property
    def usage(self) -> ir.Usage | None:
        return self._counting.usage

    def feed(self, chunk: bytes) -> bytes:
        """Raises BackendError for an error that comes before any content; a later one is relayed as it is."""
        events = self._splitter.feed(chunk)
        if not events:
            return b""
        self._counting.feed(events)
        if not events.startswith(SIGNS_OF_LIFE):
            self.progress += 1
        scanning = self._scanning
        content = self._begun or scanning.has_content(events)
        if scanning.may_be_error(events) and (error := self._error_in(events)) is not None:
            self.is_ending = True
            if not content:
                raise error
        self.is_ending = self.is_ending or scanning.is_terminal(events)
        if not content and not self.is_ending and len(self._held) <= MOST_HELD:
            self._held += events
            return b""
        return events if self._begun else self.release() + events

    def release(self) -> bytes:
        """What is held; from here on nothing is."""
        self._begun = True
        held, self._held = self._held, b""
        return held

    def end(self) -> bytes:
        """Raises BackendError where the stream ended too early; what came of its last event is dropped then."""
        rest = self._splitter.rest
        last = self._codec.scanning.is_terminal(rest) and is_whole(rest)
        if not self.is_ending and not last:
            raise BackendError(Kind.UPSTREAM_STREAM_TRUNCATED, "The upstream's stream ended too early.")
        return self.release() + (rest if last or not rest.strip() else b"")

    def fail(self, error: GatewayError) -> bytes:
        return self.release() + self._codec.render_stream_error(error, self._request_id)

    def _error_in(self, events: bytes) -> BackendError | None:
        for data in sse.parse(events):
            try:
                error = WATCHED.decode(data).error
            except (msgspec.DecodeError, RecursionError):
                continue
            if error is not None:
                return self._codec.parse_stream_error(error)
        return None


def is_whole(event: bytes) -> bool:
    """Whether only the blank line is missing behind it."""
    try:
        for data in sse.parse(event):
            if data != "[DONE]":
                WATCHED.decode(data)
    except (msgspec.DecodeError, RecursionError, BackendError):
        return False
    return True
