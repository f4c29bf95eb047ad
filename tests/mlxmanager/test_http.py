"""What the server writes goes out in as few system calls as it can, and all of it. Who leaves is told of."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from uvicorn.server import ServerState

from inference.api.presence import Presence
from inference.api.requests import Message, Receive, Send
from mlxmanager.http import BoundedHttp, Joining

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"


class Written(asyncio.Protocol):
    """One end of a connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.joining = Joining(transport, asyncio.get_running_loop())


type Ends = tuple[Joining, socket.socket]


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    near, far = socket.socketpair()
    with far:
        far.setblocking(False)
        _, protocol = await asyncio.get_running_loop().create_connection(Written, sock=near)
        yield protocol.joining, far
        protocol.joining.close()
        await asyncio.sleep(0)


async def test_a_head_is_sent_with_what_follows_it(ends: Ends) -> None:
    joining, far = ends
    joining.write(HEAD)
    with pytest.raises(BlockingIOError):
        far.recv(1024)
    joining.write(memoryview(b"body"))
    assert far.recv(1024) == HEAD + b"body"
    joining.write(b"more")
    assert far.recv(1024) == b"more"


async def test_a_head_alone_does_not_wait_longer_than_the_loops_turn(ends: Ends) -> None:
    joining, far = ends
    joining.write(HEAD)
    await asyncio.sleep(0)
    assert far.recv(1024) == HEAD


async def test_closing_sends_a_head_that_waits(ends: Ends) -> None:
    joining, far = ends
    joining.write(HEAD)
    joining.close()
    assert far.recv(1024) == HEAD
    await asyncio.sleep(0)
    assert far.recv(1024) == b""


@pytest.mark.parametrize("pause", [0.0, 0.1], ids=["after we look", "before we look"])
async def test_who_answers_is_cancelled_when_the_client_leaves(pause: float) -> None:
    found: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None
        presence = Presence(scope, task)
        await asyncio.sleep(pause)
        presence.begin()
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            task.uncancel()
            found.set_result(presence.is_gone)
        finally:
            presence.end()

    config = uvicorn.Config(app, log_config=None)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: BoundedHttp(config, ServerState(), {}), "127.0.0.1", 0)
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()
        assert await asyncio.wait_for(found, 2)
