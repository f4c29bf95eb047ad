"""Many requests on one connection to the worker, when it breaks, and one request on several that do."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from inference.protocols import wire
from tests.local_models import begin, question

IDLE = wire.Status(0, 0.0, 0, 0, None, 0, (), 10**9)


@asynccontextmanager
async def workers(*lives: tuple[Kind | None, ...]) -> AsyncIterator[LocalBackend]:
    """In front of some that speak as the worker does, one after the other.

    Each life has a kind of error for each request in turn, or None where it gives no answer; then it is gone.
    """
    left = list(lives)

    async def live(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = wire.FrameReader(wire.TO_WORKER, 2**20)
        writer.write(wire.pack(wire.Hello(wire.VERSION)) + wire.pack(IDLE))
        endings = list(left.pop(0))
        while endings and (data := await reader.read(65536)):
            for frame in frames.feed(data):
                if isinstance(frame, wire.Submit) and (kind := endings.pop(0)) is not None:
                    writer.write(wire.pack(wire.Error(frame.id, kind, "Not now.")))
        writer.close()

    with tempfile.TemporaryDirectory(prefix="mlxs-", dir="/tmp") as folder:
        path = Path(folder) / "worker.sock"
        async with await asyncio.start_unix_server(live, path):
            backend = LocalBackend(path)
            yield backend
            await backend.aclose()


async def failure(backend: LocalBackend, text: str = "Hello") -> BackendError:
    with pytest.raises(BackendError) as caught:
        await begin(backend, question(text))
    return caught.value


async def test_each_request_at_a_crash_fails_with_an_error_of_its_own() -> None:
    """What the gateway notes on one, such as what translation left out, is shown to that client alone."""
    async with workers((None, None)) as backend:
        one, other = await asyncio.gather(failure(backend, "One"), failure(backend, "Two"))
    assert (one.kind, one.message, one.retry_after) == (other.kind, other.message, other.retry_after)
    assert one.kind is Kind.LOCAL_WORKER_CRASHED
    one.warning = "seed;reason=unsupported"
    assert other.warning == ""


async def test_a_request_that_was_put_off_between_two_crashes_is_known_by_them() -> None:
    async with workers((None,), (Kind.MODEL_LOADING, None), (Kind.MODEL_LOADING,)) as backend:
        kinds = [(await failure(backend)).kind for _ in range(4)]
    assert kinds == [
        Kind.LOCAL_WORKER_CRASHED,
        Kind.MODEL_LOADING,
        Kind.LOCAL_WORKER_CRASHED,
        Kind.REQUEST_QUARANTINED,
    ]
