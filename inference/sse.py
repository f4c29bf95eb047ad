"""Server-sent events: bytes to events and back. Knows nothing of JSON or of any protocol."""

import re

import msgspec

from inference.errors import BackendError, Kind

LARGEST_EVENT = 16 * 1024**2
# Atomic groups: a lone CRLF must not be taken for a CR and an LF. Only these three end a line, U+2028 does not.
LINE_END = re.compile(r"\r\n|\n|\r")
BLANK_LINE = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")


class ServerSentEvent(msgspec.Struct, frozen=True, gc=False):
    """`event` is empty where the stream names none."""

    event: str
    data: str


class Splitter:
    """Holds back what follows the last blank line. What it returns joins, with `rest`, to what it was fed."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def rest(self) -> bytes:
        """The beginning of an event whose end has not come."""
        return bytes(self._buffer)

    def feed(self, chunk: bytes) -> bytes:
        """Whole events only. Raises BackendError for one that outgrows the limit."""
        if not self._buffer and chunk.endswith(b"\n\n"):
            return chunk
        # A blank line may have begun in what is there already, which is not searched twice.
        searched = max(0, len(self._buffer) - 3)
        self._buffer += chunk
        end = 0
        for blank in BLANK_LINE.finditer(self._buffer, searched):
            end = blank.end()
        whole = bytes(self._buffer[:end])
        del self._buffer[:end]
        if len(self._buffer) > LARGEST_EVENT:
            raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream sent an event larger than 16 MiB.")
        return whole


class Parser:
    """Bytes cut anywhere to events. Raises BackendError for what is not UTF-8 or too large."""

    def __init__(self) -> None:
        self._splitter = Splitter()

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        return parse_events(self._splitter.feed(chunk))

    def close(self) -> list[ServerSentEvent]:
        """The last event, where the stream ended without the blank line behind it."""
        return parse_events(self._splitter.rest)


def parse_events(whole: bytes) -> list[ServerSentEvent]:
    parts = BLANK_LINE.split(whole) if b"\r" in whole else whole.split(b"\n\n")
    return [event for part in parts if part and (event := parse_event(part)) is not None]


def parse_event(part: bytes) -> ServerSentEvent | None:
    """None where there is no data, as in a comment."""
    try:
        text = part.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream sent an event that is not UTF-8.") from None
    name = ""
    data: list[str] = []
    lines = LINE_END.split(text) if "\r" in text else text.split("\n")
    for line in lines:
        field, _, value = line.partition(":")
        if field == "data":
            data.append(value.removeprefix(" "))
        elif field == "event":
            name = value.removeprefix(" ")
    return ServerSentEvent(name, "\n".join(data)) if data else None


def encode(event: str, data: bytes) -> bytes:
    """`data` is one line. An empty `event` is left out."""
    head = b"event: %b\n" % event.encode() if event else b""
    return b"%bdata: %b\n\n" % (head, data)
