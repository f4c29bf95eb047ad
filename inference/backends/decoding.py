"""Undoes gzip and deflate, for upstreams that compress although asked not to: in pieces of bounded size."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable

LARGEST_PIECE = 256 * 1024
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32

# Gives what comes next, nothing at the end. Can be cancelled and called again.
type Read = Callable[[], Awaitable[bytes]]


class NotDecodable(Exception):
    """The encoding is not one of ours, or the bytes are not of the encoding."""


def decoded(read: Read, encoding: str) -> Read:
    """Pieces come out as they go in where nothing was compressed. Raises NotDecodable, also when it is read."""
    match encoding.strip().lower():
        case "" | "identity":
            return read
        case "gzip" | "x-gzip" | "deflate":
            return Inflating(read).read
        case _:
            raise NotDecodable


class Inflating:
    def __init__(self, read: Read) -> None:
        self._read = read
        self._inflater = zlib.decompressobj(GZIP_OR_ZLIB)
        self._pending = b""

    async def read(self) -> bytes:
        if self._pending:
            # A little input can hold very much output, and nothing here waits for more of it.
            await asyncio.sleep(0)
        while True:
            if piece := self._inflated():
                return piece
            self._pending = await self._read()
            if not self._pending:
                if not self._inflater.eof:
                    raise NotDecodable
                return b""

    def _inflated(self) -> bytes:
        """A piece of what is pending, as far as there is one."""
        while self._pending and not self._inflater.eof:
            try:
                piece = self._inflater.decompress(self._pending, LARGEST_PIECE)
            except zlib.error:
                raise NotDecodable from None
            self._pending = self._inflater.unconsumed_tail
            if piece:
                return piece
        self._pending = b""
        return b""
