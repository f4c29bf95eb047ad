"""Upstreams for tests: real servers on loopback that answer as the vendors do, or misbehave as a test scripts it.

Each runs in a thread with a loop of its own, so that synchronous and asynchronous tests use it alike.
"""

import asyncio
import functools
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Self

import httptools

from tests.answers import Answer, Received, vendor_answer


class Upstream:
    """A server on a free port of 127.0.0.1. Use it as a context manager.

    Answers queued by `script` come first, one a request; then `always`, or where it is None what a vendor would say.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Received] = []
        self.always: Answer | Callable[[Received], Answer] | None = None
        self.opened = 0
        self.open = 0
        self.closed_by_client = 0
        self._script: deque[Answer] = deque()
        self._changed = threading.Condition()
        self._tls = tls
        self._started = threading.Event()
        self.connections: set[Connection] = set()

    def __enter__(self) -> Self:
        listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = listening.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if self._tls else 'http'}://{self.address}"
        self._thread = threading.Thread(target=self._run, args=(listening,), daemon=True)
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def forget(self) -> None:
        """What was received and what was still scripted, for the next test to start anew."""
        with self._changed:
            self.requests.clear()
            self._script.clear()

    def script(self, *answers: Answer) -> None:
        with self._changed:
            self._script.extend(answers)

    def wait_until(self, condition: Callable[[], bool], seconds: float = 5.0) -> float:
        """Seconds it took; raises AssertionError after too many. For a test's own thread, or one beside its loop."""
        began = time.monotonic()
        with self._changed:
            assert self._changed.wait_for(condition, seconds), f"not so within {seconds} s"
        return time.monotonic() - began

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> float:
        """`wait_until` for asynchronous tests."""
        return await asyncio.to_thread(self.wait_until, condition, seconds)

    def answer_to(self, received: Received) -> Answer:
        with self._changed:
            self.requests.append(received)
            self._changed.notify_all()
            if self._script:
                return self._script.popleft()
        if callable(self.always):
            return self.always(received)
        return self.always or vendor_answer(received)

    def count(self, *, opened: int = 0, closed_by_client: int = 0, lost: int = 0) -> None:
        with self._changed:
            self.opened += opened
            self.closed_by_client += closed_by_client
            self.open += opened - lost
            self._changed.notify_all()

    def _run(self, listening: socket.socket) -> None:
        asyncio.run(self._serve(listening), loop_factory=asyncio.SelectorEventLoop)

    async def _serve(self, listening: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        server = await self._loop.create_server(lambda: Connection(self), sock=listening, ssl=self._tls)
        self._started.set()
        await self._stopped.wait()
        server.close()
        for connection in list(self.connections):
            connection.transport.abort()
        await server.wait_closed()


class Connection(asyncio.Protocol):
    """One connection: parses requests, and answers them one after the other."""

    transport: asyncio.Transport

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.parser = httptools.HttpRequestParser(self)
        self.answering: asyncio.Task[None] | None = None
        self.closing = False
        self.writable = asyncio.Event()
        self.writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.upstream.connections.add(self)
        self.upstream.count(opened=1)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def connection_lost(self, _: Exception | None) -> None:
        if self.answering is not None:
            self.answering.cancel()
        self.upstream.connections.discard(self)
        # The socket is closed only after this: who waits for the count may rely on the other end having seen it.
        count = functools.partial(self.upstream.count, lost=1, closed_by_client=0 if self.closing else 1)
        asyncio.get_running_loop().call_soon(count)

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def on_message_begin(self) -> None:
        self.target, self.headers, self.body = b"", list[tuple[str, str]](), bytearray()

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        received = Received(
            self.parser.get_method().decode(), self.target.decode("latin-1"), tuple(self.headers), bytes(self.body)
        )
        self.answering = asyncio.get_running_loop().create_task(self.send(self.upstream.answer_to(received)))

    async def send(self, answer: Answer) -> None:
        await asyncio.sleep(answer.delay)
        self.transport.write(answer.head() if answer.raw is None else answer.raw)
        if answer.raw is None:
            await self.send_body(answer)
        match answer.ending:
            case "hang":
                await asyncio.sleep(3600)
            case "close":
                self.closing = True
                self.transport.close()
            case "reset":
                await asyncio.sleep(0.05)  # or the reset overtakes what was written before it
                self.closing = True
                linger = self.transport.get_extra_info("socket")
                linger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.transport.abort()
            case "keep":
                pass

    async def send_body(self, answer: Answer) -> None:
        number = 0
        while number < len(answer.chunks) or answer.endless:
            if number and answer.pause:
                await asyncio.sleep(answer.pause)
            chunk = answer.chunks[min(number, len(answer.chunks) - 1)]
            self.transport.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if answer.chunked else chunk)
            number += 1
            await self.writable.wait()
            await asyncio.sleep(0)
        if answer.chunked and answer.ending == "keep":
            self.transport.write(b"0\r\n\r\n")
