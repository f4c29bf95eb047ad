"""uvicorn's HTTP protocol with a limit on headers, which it has not: they arrive before any key is known. With one
system call for an answer's head and what follows it. And with word of a client that leaves.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from inference.api.presence import EXTENSION

LARGEST_HEAD = 64 * 1024
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
STATUS_LINE = b"HTTP/1.1 "


class Joining:
    """A transport that holds back what begins like an answer, until more is written or the loop has had its turn.

    To send is half of what a short answer costs, and uvloop sends each write at once.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head: bytes | memoryview = b""

    def write(self, data: bytes | memoryview) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data))
        elif data[: len(STATUS_LINE)] == STATUS_LINE:
            self._head = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    def __getattr__(self, name: str) -> Any:  # Any: whatever a transport has.
        return getattr(self._transport, name)


class BoundedHttp(HttpToolsProtocol):
    # Python shares the keys of up to 30 attributes among instances, and uvicorn has that many.
    __slots__ = ("_gone", "_head", "_in_head", "_is_lost")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self._in_head = True
        self._head = 0
        self._gone: Callable[[], None] | None = None
        self._is_lost = False
        super().connection_made(Joining(transport, self.loop))  # type: ignore[arg-type]  # it has what a transport has

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._is_lost = True
        if self._gone is not None:
            self._gone()

    def watch(self, gone: Callable[[], None] | None) -> None:
        """As `inference.api.presence` has it."""
        self._gone = gone
        if gone is None:
            return
        # What is not read does not end either.
        self.flow.resume_reading()
        if self._is_lost:
            gone()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > LARGEST_HEAD and not self.transport.is_closing():
                self.transport.write(TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self.scope["extensions"] = {EXTENSION: self.watch}  # type: ignore[dict-item]  # an extension is what it likes
        super().on_headers_complete()
