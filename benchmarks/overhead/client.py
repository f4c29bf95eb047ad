"""Clients that cost next to nothing: each has one connection, sends the same bytes again and again, and counts."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from benchmarks.overhead.upstream import LAST, LENGTH, MARK

STATUS = re.compile(rb"HTTP/1\.1 (\d+)")
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Ask:
    """`key` is shown as both vendors' clients show theirs; `words` is about the size of the prompt in bytes."""

    path: str
    model: str
    key: str
    stream: bool = False
    words: int = 1000

    def encode(self, host: str) -> bytes:
        messages = [{"role": "user", "content": ("lorem ipsum " * (self.words // 12 + 1))[: self.words]}]
        asked = {"model": self.model, "messages": messages, "max_tokens": 1024}
        body = json.dumps(asked | ({"stream": True} if self.stream else {})).encode()
        is_messages = self.path.endswith("/messages")
        shown = f"x-api-key: {self.key}\r\nanthropic-version: 2023-06-01" if is_messages else ""
        shown = shown or f"authorization: Bearer {self.key}"
        head = f"POST {self.path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\naccept: */*\r\n{shown}"
        return f"{head}\r\nuser-agent: overhead\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


@dataclass(frozen=True, slots=True)
class Told:
    """What one request came to. Times in seconds from when it was sent; `first` is of the first chunk."""

    status: int
    chunks: int
    first: float
    whole: float


class Client(asyncio.Protocol):
    def __init__(self) -> None:
        self.ended: asyncio.Future[Told] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self.ended is not None and not self.ended.done():
            self.ended.set_exception(ConnectionError("The connection was lost."))

    async def ask(self, request: bytes, *, first_only: bool = False) -> Told:
        """Raises ConnectionError or TimeoutError."""
        self.ended = asyncio.get_running_loop().create_future()
        self.first_only = first_only
        self.status = self.chunks = 0
        self.first = 0.0
        self.tail = b""
        self.head = b""
        self.left: int | None = None
        self.began = time.perf_counter()
        self.transport.write(request)
        async with asyncio.timeout(PATIENCE):
            return await self.ended

    def data_received(self, data: bytes) -> None:
        if self.ended is None or self.ended.done():
            return
        if not self.status:
            self.head += data
            if b"\r\n\r\n" not in self.head:
                return
            head, _, data = self.head.partition(b"\r\n\r\n")
            status, length = STATUS.match(head), LENGTH.search(head)
            self.status = int(status[1]) if status else -1
            self.left = int(length[1]) if length else None
        self.read(data)

    def read(self, data: bytes) -> None:
        # A mark, and the end, may be cut anywhere.
        kept = len(self.tail)
        seen = self.tail + data
        self.chunks += seen.count(MARK) - self.tail.count(MARK)
        if self.chunks and not self.first:
            self.first = time.perf_counter() - self.began
        self.tail = seen[-len(LAST) - 1 :]
        if self.left is not None:
            self.left -= len(seen) - kept
        is_whole = self.left <= 0 if self.left is not None else seen.endswith(LAST)
        if is_whole or (self.first_only and self.first):
            assert self.ended is not None
            self.ended.set_result(Told(self.status, self.chunks, self.first, time.perf_counter() - self.began))


class Clients:
    """So many clients of one gateway. Close them."""

    def __init__(self, url: str, number: int) -> None:
        self.host, self.port = "127.0.0.1", urlsplit(url).port or 80
        self.number = number
        self.clients: list[Client] = []

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(self.number):
            _, client = await loop.create_connection(Client, self.host, self.port)
            self.clients.append(client)

    async def ask(self, what: Ask, times: int, *, first_only: bool = False) -> Sequence[Told]:
        """All clients together, each as often."""
        request = what.encode(f"{self.host}:{self.port}")

        async def one(client: Client) -> list[Told]:
            return [await client.ask(request, first_only=first_only) for _ in range(times)]

        return [told for each in await asyncio.gather(*map(one, self.clients)) for told in each]

    def close(self) -> None:
        for client in self.clients:
            client.transport.abort()
