"""Server-sent events: bytes to events and back. Knows nothing of JSON or of any protocol."""

import re

from inference.errors import BackendError, Kind

LARGEST_EVENT = 16 * 1024**2
# Atomic groups: a lone CRLF must not be taken for a CR and an LF. Only these three end a line, U+2028 does not.
LINE_END = re.compile(r"\r\n|\n|\r")
BLANK_LINE = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")


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
    """Bytes cut anywhere to the data of events. Raises BackendError for what is not UTF-8 or too large."""

    def __init__(self) -> None:
        self._splitter = Splitter()

    def feed(self, chunk: bytes) -> list[str]:
        return parse(self._splitter.feed(chunk))

    def close(self) -> list[str]:
        """The last event's, where the stream ended without the blank line behind it."""
        return parse(self._splitter.rest)


def parse(whole: bytes) -> list[str]:
    """The data of whole events, where they have any. What an event is called is left out: its data say so too."""
    try:
        text = whole.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream sent an event that is not UTF-8.") from None
    found: list[str] = []
    data: list[str] = []
    for line in LINE_END.split(text) if "\r" in text else text.split("\n"):
        field, _, value = line.partition(":")
        if field == "data":
            data.append(value.removeprefix(" "))
        elif data and not line:
            found.append("\n".join(data))
            data = []
    return [*found, "\n".join(data)] if data else found


def encode(event: str, data: bytes) -> bytes:
    """`data` is one line. An empty `event` is left out."""
    head = b"event: %b\n" % event.encode() if event else b""
    return b"%bdata: %b\n\n" % (head, data)
