"""The backend in front of the worker: what becomes of requests when the worker, the client or the wire fails."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import uvloop

from inference import ir, sockets
from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from inference.installed import DEMO_NAME
from inference.protocols import wire
from tests.frames import talking
from tests.local_models import ask, begin, is_idle, question, until
from tests.workers import RunningWorker, running_worker, start

LONG = question("Count to 60.", max_tokens=3000)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mlxs-", dir="/tmp") as folder:
        yield Path(folder)


async def test_an_absent_worker_is_unavailable(short_folder: Path) -> None:
    backend = LocalBackend(short_folder / "worker.sock")
    with pytest.raises(BackendError) as caught:
        await begin(backend, question("Hello"))
    assert (caught.value.kind, caught.value.retry_after) == (Kind.LOCAL_WORKER_UNAVAILABLE, 5)


async def test_a_stopped_worker_fails_its_requests_once_it_has_been_silent_too_long(worker: RunningWorker) -> None:
    backend = LocalBackend(worker.socket, silence=1.5)
    await backend.ping()
    os.kill(worker.process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(BackendError) as caught:
            await begin(backend, question("Hello"))
        assert caught.value.kind is Kind.LOCAL_WORKER_CRASHED
        assert "silent" in caught.value.message
    finally:
        os.kill(worker.process.pid, signal.SIGCONT)
        await backend.aclose()


async def test_a_worker_that_stops_in_mid_stream_is_a_timeout(worker: RunningWorker, local: LocalBackend) -> None:
    reply = await begin(local, LONG, idle=0.5)
    chunks = reply.chunks()
    await anext(chunks)
    os.kill(worker.process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(BackendError) as caught:
            async for _ in chunks:
                pass
    finally:
        os.kill(worker.process.pid, signal.SIGCONT)
        await reply.aclose()
    assert (caught.value.kind, caught.value.message) == (
        Kind.UPSTREAM_TIMEOUT,
        "The local worker has stopped answering.",
    )
    await until(is_idle, local)


async def test_a_worker_killed_in_mid_stream_fails_the_request_and_a_new_one_serves_again() -> None:
    with running_worker() as worker:
        backend = LocalBackend(worker.socket)
        reply = await begin(backend, LONG)
        chunks = reply.chunks()
        await anext(chunks)
        worker.process.kill()
        with pytest.raises(BackendError) as caught:
            async for _ in chunks:
                pass
        assert (caught.value.kind, caught.value.retry_after) == (Kind.LOCAL_WORKER_CRASHED, 5)
        await reply.aclose()
        with pytest.raises(BackendError):
            await begin(backend, LONG)
        worker.process.wait()
        again = start(worker.home)
        assert (await ask(backend, question("What is the capital of Peru?"))).text.endswith("Lima.")
        assert again.stop() == 0
        await backend.aclose()


async def test_a_closed_reply_frees_its_place_in_the_batch(local: LocalBackend) -> None:
    reply = await begin(local, LONG)
    status = await until(lambda status: status.active == 1, local)
    assert {model.name: model.active for model in status.models}[DEMO_NAME] == 1
    await reply.aclose()
    await reply.aclose()
    await until(is_idle, local)


async def test_a_cancelled_attempt_frees_its_place(local: LocalBackend) -> None:
    await ask(local, question("Hello", max_tokens=1))
    opening = asyncio.create_task(begin(local, question("word " * 700, max_tokens=50)))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await until(is_idle, local)


async def test_a_closed_connection_cancels_all_its_requests(local: LocalBackend, worker_socket: Path) -> None:
    other = LocalBackend(worker_socket)
    replies = [await begin(other, LONG) for _ in range(3)]
    await until(lambda status: status.active == 3, local)
    await other.aclose()
    await until(is_idle, local)
    with pytest.raises(BackendError) as caught:
        async for _ in replies[0].chunks():
            pass
    assert caught.value.kind is Kind.LOCAL_WORKER_UNAVAILABLE


async def test_an_answer_that_is_not_read_is_given_up(worker_socket: Path) -> None:
    backend = LocalBackend(worker_socket, buffer=1024)
    reply = await begin(backend, LONG)
    await until(is_idle, backend)
    with pytest.raises(BackendError) as caught:
        async for _ in reply.chunks():
            pass
    assert caught.value.kind is Kind.UPSTREAM_STREAM_TRUNCATED
    await backend.aclose()


async def test_a_worker_that_does_not_answer_in_time_is_a_timeout(worker: RunningWorker, local: LocalBackend) -> None:
    await local.ping()
    os.kill(worker.process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(BackendError) as caught:
            await begin(local, question("Hello"), first_byte=0.2)
    finally:
        os.kill(worker.process.pid, signal.SIGCONT)
    assert caught.value.kind is Kind.UPSTREAM_TIMEOUT
    await until(is_idle, local)


async def test_a_request_too_large_ends_alone(worker_socket: Path) -> None:
    backend = LocalBackend(worker_socket, largest_frame=64 * 1024)
    reply = await begin(backend, LONG)
    with pytest.raises(BackendError) as caught:
        await begin(backend, question("x" * 100_000))
    assert caught.value.kind is Kind.REQUEST_TOO_LARGE
    await anext(aiter(reply.chunks()))
    await backend.aclose()


async def test_the_worker_refuses_a_frame_too_large_and_keeps_the_connection(worker_socket: Path) -> None:
    async with talking(worker_socket) as peer:
        peer.send(wire.Submit(5, 60.0, "", msgspec.Raw(wire.encode(bytes(70 * 1024**2)))), wire.Ping(6))
        frames = {type(frame): frame for frame in await peer.until(wire.Result)}
        refused = frames[wire.Error]
        assert isinstance(refused, wire.Error)
        assert (refused.id, refused.kind) == (5, Kind.REQUEST_TOO_LARGE)
        assert frames[wire.Result] == wire.Result(6)


async def test_the_worker_refuses_another_version(worker_socket: Path) -> None:
    async with talking(worker_socket, greet=False) as peer:
        peer.send(wire.Hello(wire.VERSION + 1))
        frames = await peer.until(wire.Error)
        assert frames[0] == wire.Hello(wire.VERSION)
        assert await peer.reader.read() == b""


async def test_the_gateway_refuses_another_version(short_folder: Path) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(wire.pack(wire.Hello(wire.VERSION + 1)))
        writer.close()

    path = short_folder / "worker.sock"
    async with await asyncio.start_unix_server(greet, path):
        with pytest.raises(BackendError) as caught:
            await begin(LocalBackend(path), question("Hello"))
    assert caught.value.kind is Kind.LOCAL_WORKER_UNAVAILABLE
    assert str(wire.VERSION + 1) in caught.value.message


async def test_a_model_that_is_still_loading_is_said_to_be(short_folder: Path) -> None:
    loading = wire.Status(0, 0.0, 0, 0, DEMO_NAME, 0, (), 0)

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(wire.pack(wire.Hello(wire.VERSION)) + wire.pack(loading))
        while await reader.read(1024):
            pass
        writer.close()

    path = short_folder / "worker.sock"
    backend = LocalBackend(path)
    async with await asyncio.start_unix_server(greet, path):
        with pytest.raises(BackendError) as caught:
            await begin(backend, question("Hello"), first_byte=0.1)
        await backend.aclose()
    assert caught.value.kind is Kind.MODEL_LOADING


def test_it_works_on_the_servers_event_loop(worker_socket: Path) -> None:
    async def answer() -> str:
        backend = LocalBackend(worker_socket)
        answered = await ask(backend, question("What is the capital of France?"))
        await backend.aclose()
        return answered.text

    assert asyncio.run(answer(), loop_factory=uvloop.new_event_loop) == "The capital of France is Paris."


async def test_bytes_that_are_no_frames_end_the_connection(worker_socket: Path) -> None:
    async with talking(worker_socket, greet=False) as peer:
        peer.write(wire.prefixed(b"GET / HTTP/1.1"))
        assert await peer.reader.read() == b""


async def test_a_model_is_loaded_and_unloaded_on_demand(local: LocalBackend) -> None:
    await local.load("test/small-window")
    assert "test/small-window" in {model.name for model in (await until(lambda _: True, local)).models}
    await local.unload("test/small-window")
    assert "test/small-window" not in {model.name for model in (await until(lambda _: True, local)).models}


async def test_unloading_a_model_fails_what_it_is_writing(local: LocalBackend) -> None:
    reply = await begin(local, LONG, model=DEMO_NAME)
    await local.unload(DEMO_NAME)
    with pytest.raises(BackendError) as caught:
        async for _ in reply.chunks():
            pass
    assert caught.value.kind is Kind.LOCAL_WORKER_UNAVAILABLE


async def test_two_models_write_at_the_same_time(local: LocalBackend) -> None:
    asked = question("Tell me a story about a cat.", max_tokens=40)
    first, second = await asyncio.gather(ask(local, asked), ask(local, asked, model="test/small-window"))
    assert first.text.startswith(second.text)
    assert isinstance(second.finished, ir.Finished)


def test_a_long_home_has_its_socket_elsewhere(short_folder: Path) -> None:
    home = short_folder / ("h" * 120)
    home.mkdir()
    path = sockets.socket_path(home)
    place = Path(sockets.prepare(path))
    assert len(os.fsencode(place)) <= sockets.LONGEST_PATH
    assert sockets.reach(path) == str(place)
    assert place.parent.stat().st_mode & 0o777 == 0o700
    sockets.remove(path)
    assert not place.parent.exists()
    assert not path.is_symlink()
