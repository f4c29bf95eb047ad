"""The worker's socket without a backend: its frames one by one, in the order they come."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from inference import sockets
from inference.protocols import wire


@contextlib.asynccontextmanager
async def talking(path: Path) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_unix_connection(sockets.reach(path))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def until_frame(reader: asyncio.StreamReader, kind: type[wire.Frame]) -> AsyncIterator[wire.Frame]:
    """The frames that come, up to the first of this kind."""
    frames = wire.FrameReader(wire.FROM_WORKER, 2**20)
    while data := await reader.read(4096):
        for frame in frames.feed(data):
            assert isinstance(frame, wire.Frame)
            yield frame
            if isinstance(frame, kind):
                return
