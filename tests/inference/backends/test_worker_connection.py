"""Many requests on one connection to the worker, when it breaks."""

import asyncio
import tempfile
from pathlib import Path

from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from inference.protocols import wire
from tests.local_models import begin, question

IDLE = wire.Status(0, 0.0, 0, 0, None, 0, (), 10**9)


async def die_at_two(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speaks as the worker does, and is gone once two requests are there."""
    frames = wire.FrameReader(wire.TO_WORKER, 2**20)
    writer.write(wire.pack(wire.Hello(wire.VERSION)) + wire.pack(IDLE))
    submitted = 0
    while submitted < 2 and (data := await reader.read(65536)):
        submitted += sum(isinstance(frame, wire.Submit) for frame in frames.feed(data))
    writer.close()


async def test_each_request_at_a_crash_fails_with_an_error_of_its_own() -> None:
    """What the gateway notes on one, such as what translation left out, is shown to that client alone."""
    with tempfile.TemporaryDirectory(prefix="mlxs-", dir="/tmp") as folder:
        path = Path(folder) / "worker.sock"
        async with await asyncio.start_unix_server(die_at_two, path):
            backend = LocalBackend(path)
            asking = (begin(backend, question(text)) for text in ("One", "Two"))
            one, other = await asyncio.gather(*asking, return_exceptions=True)
            await backend.aclose()
    assert isinstance(one, BackendError)
    assert isinstance(other, BackendError)
    assert (one.kind, one.message, one.retry_after) == (other.kind, other.message, other.retry_after)
    assert one.kind is Kind.LOCAL_WORKER_CRASHED
    one.warning = "seed;reason=unsupported"
    assert other.warning == ""
