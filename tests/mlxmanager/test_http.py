"""What the server writes goes out in as few system calls as it can, and all of it goes out."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from mlxmanager.http import Joining

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
