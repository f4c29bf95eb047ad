"""Web processes that listen on one socket share what comes; none that comes waits for one that does not take it."""

import asyncio
import contextlib
import os
import resource
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from inference.shares import Shares, make_room
from mlxmanager.door import Door

STOPPED = 2


class Open(asyncio.Protocol):
    def __init__(self, among: set[asyncio.Protocol]) -> None:
        self.among = among

    def connection_made(self, _: asyncio.BaseTransport) -> None:
        self.among.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self.among.discard(self)


class Process:
    """What a web process has of it."""

    def __init__(self, listener: socket.socket, file: int, place: int) -> None:
        self.connections: set[asyncio.Protocol] = set()
        self.listener = listener.dup()  # One loop watches a descriptor once.
        shares = Shares(file, place)
        self.door = Door(self.listener, shares, connections=self.connections, protocol=lambda: Open(self.connections))


class Clients:
    def __init__(self, port: int) -> None:
        self.port = port
        self.open: list[socket.socket] = []

    def come(self, number: int) -> None:
        self.open += [socket.create_connection(("127.0.0.1", self.port)) for _ in range(number)]

    def leave(self) -> None:
        for client in self.open:
            client.close()
        self.open.clear()


class Served:
    """Two web processes, and the place of one that takes nothing: it shows that it has many connections."""

    def __init__(self, listener: socket.socket, file: int) -> None:
        self.processes = [Process(listener, file, place) for place in range(STOPPED)]
        self.stopped = Shares(file, STOPPED)
        self.stopped.show(1000)
        self.clients = Clients(listener.getsockname()[1])
        for process in self.processes:
            process.door.open()

    def shared(self) -> list[int]:
        return [len(process.connections) for process in self.processes]

    async def has_all(self, number: int) -> None:
        async with asyncio.timeout(5):
            while sum(self.shared()) != number:  # noqa: ASYNC110 - it is the kernel's doing
                await asyncio.sleep(0.001)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener, tempfile.TemporaryFile() as file:
        make_room(file.fileno(), STOPPED + 1)
        served = Served(listener, file.fileno())
        yield served
        served.clients.leave()
        for process in served.processes:
            process.door.close()
            await process.door.wait_closed()
            process.listener.close()


async def test_what_comes_at_once_is_shared(served: Served) -> None:
    served.clients.come(24)
    await served.has_all(24)
    assert min(served.shared()) >= 8


async def test_what_comes_one_by_one_is_shared(served: Served) -> None:
    for number in range(1, 11):
        served.clients.come(1)
        await served.has_all(number)
    assert min(served.shared()) >= 3


async def test_a_process_that_begins_anew_gets_what_comes_next(served: Served) -> None:
    first = served.processes[0].door
    first.close()
    served.clients.come(6)
    await served.has_all(6)
    assert served.shared() == [0, 6]
    first.open()
    for number in range(7, 11):
        served.clients.come(1)
        await served.has_all(number)
    assert served.shared()[0] >= 2


async def test_nobody_waits_long_for_a_process_that_takes_none(served: Served) -> None:
    served.stopped.show(0)
    began = time.monotonic()
    served.clients.come(24)
    await served.has_all(24)
    assert time.monotonic() - began < 1
    assert min(served.shared()) >= 8


async def test_a_process_without_room_for_more_tries_again(served: Served) -> None:
    clients = [socket.socket() for _ in range(3)]
    served.clients.open += clients
    with no_more_files():
        for client in clients:
            client.connect(("127.0.0.1", served.clients.port))
        await asyncio.sleep(0.05)
        assert served.shared() == [0, 0]
    await served.has_all(3)


@contextmanager
def no_more_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.dup(0)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 64, before[1]))
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(0))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for descriptor in taken:
            os.close(descriptor)
