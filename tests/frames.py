"""The worker's socket without a backend: its frames one by one, in the order they come."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from inference import sockets
from inference.protocols import wire


class Peer:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer
        self._frames = wire.FrameReader(wire.FROM_WORKER, 2**26)
        self._read: list[wire.Frame] = []

    def send(self, *frames: wire.Frame) -> None:
        self.write(b"".join(map(wire.pack, frames)))

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def until(self, kind: type[wire.Frame]) -> list[wire.Frame]:
        """The frames that come, up to the first of this kind, or to the end."""
        taken: list[wire.Frame] = []
        while not (taken and isinstance(taken[-1], kind)):
            if not self._read:
                data = await self.reader.read(65536)
                if not data:
                    break
                self._read += [frame for frame in self._frames.feed(data) if isinstance(frame, wire.Frame)]
            else:
                taken.append(self._read.pop(0))
        return taken


@contextlib.asynccontextmanager
async def talking(path: Path, *, greet: bool = True) -> AsyncIterator[Peer]:
    """`greet` false leaves the hello to the test."""
    reader, writer = await asyncio.open_unix_connection(sockets.reach(path))
    peer = Peer(reader, writer)
    if greet:
        peer.send(wire.Hello(wire.VERSION))
    try:
        yield peer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
