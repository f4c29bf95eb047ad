"""What `serve` takes for a hanging worker; the worker is a scripted one on a real socket."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inference import heartbeat
from inference.protocols import wire
from tests.gateway import short_home


class Scripted:
    """Says hello, and answers pings until it is told to be silent in one way or the other."""

    def __init__(self) -> None:
        self.answers_pings = True
        self.talks = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.talks:
            writer.write(wire.pack(wire.Hello(wire.VERSION)))
        saying = asyncio.create_task(self.say(writer))
        frames = wire.FrameReader(wire.TO_WORKER, 2**20)
        while data := await reader.read(1024):
            for frame in frames.feed(data):
                if isinstance(frame, wire.Ping) and self.answers_pings and self.talks:
                    writer.write(wire.pack(wire.Result(frame.id)))
        saying.cancel()
        writer.close()

    async def say(self, writer: asyncio.StreamWriter) -> None:
        while True:
            if self.talks:
                writer.write(wire.pack(wire.Status(1, 0.0, 0, 0, None, 0, (), 0)))
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def watched(worker: Scripted, **times: float) -> AsyncIterator[asyncio.Task[str]]:
    """The watch of a worker that has answered once."""
    with short_home() as home:
        path = Path(home) / "worker.sock"
        ready = asyncio.Event()
        async with await asyncio.start_unix_server(worker.serve, path):
            local = heartbeat.listen(path)
            watching = asyncio.create_task(heartbeat.watch(local, ready.set, **times))
            await asyncio.wait_for(ready.wait(), 5)
            yield watching
            watching.cancel()
            await local.aclose()


async def test_a_worker_that_rests_and_makes_a_token_is_left_alone() -> None:
    async with watched(Scripted(), probe_every=0.1, probe_within=0.3) as watching:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(watching, 1.5)


async def test_a_worker_that_talks_and_makes_no_token_hangs() -> None:
    worker = Scripted()
    async with watched(worker, probe_every=0.1, probe_within=0.3) as watching:
        worker.answers_pings = False
        assert "token" in await asyncio.wait_for(watching, 3)


async def test_a_worker_that_says_nothing_hangs_and_is_found_in_time() -> None:
    worker = Scripted()
    async with watched(worker) as watching:
        worker.talks = False
        began = time.monotonic()
        assert await asyncio.wait_for(watching, 10) == "it has fallen silent"
        assert time.monotonic() - began < 9
