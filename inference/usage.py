"""Counts an answer's tokens from a copy of its bytes, for answers that are relayed unread. Never fails the relay."""

import contextlib

import msgspec

from inference import ir, sse
from inference.errors import BackendError
from inference.protocols.passthrough import WatchedCodec


class Counter:
    """`usage` is None as long as the upstream has told no counts."""

    def __init__(self, codec: WatchedCodec) -> None:
        self._codec = codec
        self.usage: ir.Usage | None = None

    def feed(self, events: bytes) -> None:
        """A piece of a stream, of whole events."""
        try:
            if self._codec.scanning.may_have_usage(events):
                for data in sse.parse(events):
                    self.read(data)
        except BackendError:
            # Not `suppress`, which would cost as much as all of this does for most chunks.
            pass

    def read(self, data: bytes | str) -> None:
        """A whole answer, or the data of one event."""
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.usage = self._codec.read_usage(data, self.usage)
