"""What becomes of the connection: it serves again after a whole answer, and is closed at once after half of one."""

import asyncio
import socket

import pytest

from inference.backends.base import Backend
from inference.backends.transport import AiohttpTransport
from tests.answers import HANG, events, plain, refusal
from tests.inference.backends.conversation import LOOPBACK, Vendor, call, target
from tests.upstreams import Upstream

SOON = 0.3
ENDLESS = events(b"data: 1\n\n", pause=0.01, endless=True)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_whole_answer_returns_its_connection(
    stream: bool, vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    for _ in range(3):
        reply = await backend.open(call(vendor, stream=stream), target(vendor, upstream.url + vendor.suffix))
        async for _ in reply.chunks():
            pass
        await reply.aclose()
    assert (len(upstream.requests), upstream.opened) == (3, 1)


async def test_a_refusal_returns_its_connection(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.always = refusal(500)
    for _ in range(3):
        with pytest.raises(Exception, match="500"):
            await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix))
    assert (len(upstream.requests), upstream.opened) == (3, 1)


async def test_closing_a_stream_closes_the_upstream(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(ENDLESS)
    reply = await backend.open(call(vendor, stream=True), target(vendor, upstream.url + vendor.suffix))
    await reply.aclose()
    await upstream.until(lambda: upstream.closed_by_client == 1, SOON)


async def test_closing_twice_does_no_harm(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(ENDLESS)
    reply = await backend.open(call(vendor, stream=True), target(vendor, upstream.url + vendor.suffix))
    await reply.aclose()
    await reply.aclose()


async def test_a_client_that_leaves_before_the_answer_closes_the_upstream(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.script(HANG)
    opening = asyncio.create_task(
        asyncio.wait_for(backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix)), 60)
    )
    await upstream.until(lambda: len(upstream.requests) == 1)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await upstream.until(lambda: upstream.closed_by_client == 1, SOON)


async def test_a_client_that_leaves_before_the_first_chunk_closes_the_upstream(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.script(events(ending="hang"))
    opening = asyncio.create_task(
        asyncio.wait_for(backend.open(call(vendor, stream=True), target(vendor, upstream.url + vendor.suffix)), 60)
    )
    await upstream.until(lambda: len(upstream.requests) == 1)
    await asyncio.sleep(0.05)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await upstream.until(lambda: upstream.closed_by_client == 1, SOON)


@pytest.mark.parametrize("answer", [ENDLESS, events(b"data: 1\n\n", ending="hang")], ids=["busy", "silent"])
async def test_a_client_that_leaves_in_a_stream_closes_the_upstream(
    answer: object, vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    async def relay() -> None:
        reply = await backend.open(call(vendor, stream=True), target(vendor, upstream.url + vendor.suffix))
        try:
            async for _ in reply.chunks():
                await asyncio.sleep(0)
        finally:
            await reply.aclose()

    upstream.always = ENDLESS if answer is ENDLESS else events(b"data: 1\n\n", ending="hang")
    relaying = asyncio.create_task(relay())
    await upstream.until(lambda: len(upstream.requests) == 1)
    await asyncio.sleep(0.1)
    relaying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await relaying
    await upstream.until(lambda: upstream.closed_by_client == 1, SOON)


async def test_a_client_that_leaves_while_the_body_is_stuck_stops_sending_it() -> None:
    body = b"x" * 50_000_000
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        async with AiohttpTransport(LOOPBACK) as transport:
            sending = asyncio.create_task(transport.ask(url, (), body, idle=1))
            await asyncio.sleep(0.1)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert await asyncio.to_thread(received_by, listening) < len(body)


def received_by(listening: socket.socket) -> int:
    connection, _ = listening.accept()
    total = 0
    with connection:
        connection.settimeout(5)
        try:
            while part := connection.recv(1 << 20):
                total += len(part)
        except ConnectionResetError:
            pass
    return total


async def test_closing_the_transport_closes_its_connections(vendor: Vendor, upstream: Upstream) -> None:
    upstream.always = plain({"id": "x"})
    async with AiohttpTransport(LOOPBACK) as transport:
        backend = vendor.make(transport, lambda status, body: pytest.fail(f"{status} {body!r}"))
        reply = await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix))
        await reply.aclose()
        assert upstream.open == 1
    await upstream.until(lambda: upstream.open == 0, SOON)


async def test_a_transport_that_was_never_used_closes() -> None:
    await AiohttpTransport(LOOPBACK).aclose()


async def test_a_hundred_streams_run_at_once(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.always = events(b"data: 1\n\n", b"data: 2\n\n", pause=0.2)

    async def one() -> bytes:
        reply = await backend.open(call(vendor, stream=True), target(vendor, upstream.url + vendor.suffix))
        try:
            return b"".join([chunk async for chunk in reply.chunks()])
        finally:
            await reply.aclose()

    assert await asyncio.gather(*(one() for _ in range(100))) == [b"data: 1\n\ndata: 2\n\n"] * 100
    assert upstream.opened == 100


async def test_a_connection_the_upstream_closed_meanwhile_is_replaced(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.always = plain({"id": "x"}, ending="close")
    for number in range(1, 4):
        reply = await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix))
        await reply.aclose()
        await upstream.until(lambda: upstream.open == 0)
        assert upstream.opened == number


async def test_clients_that_leave_at_any_moment_leave_nothing_open(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.always = events(*[b"data: 1\n\n"] * 10, delay=0.02, pause=0.01)

    async def relay() -> None:
        reply = await backend.open(call(vendor, stream=True), target(vendor, upstream.url + vendor.suffix))
        try:
            async for _ in reply.chunks():
                await asyncio.sleep(0)
        finally:
            await reply.aclose()

    relays = []
    for number in range(100):
        relays.append(asyncio.create_task(relay()))
        asyncio.get_running_loop().call_later(number * 0.002, relays[-1].cancel)
    outcomes = await asyncio.gather(*relays, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {asyncio.CancelledError, type(None)}
    # A connection may stay whose answer was all there before its client left: it serves the next request.
    await asyncio.sleep(SOON)
    opened, kept = upstream.opened, upstream.open
    upstream.always = events(b"data: 1\n\n", delay=SOON)
    await asyncio.gather(*(relay() for _ in range(kept)))
    assert upstream.opened == opened
