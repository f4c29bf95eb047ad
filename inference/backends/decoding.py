"""Undoes gzip and deflate, for upstreams that compress although asked not to: in pieces of bounded size."""

import asyncio
import zlib
from collections.abc import AsyncIterator

LARGEST_PIECE = 256 * 1024
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


class NotDecodable(Exception):
    """The encoding is not one of ours, or the bytes are not of the encoding."""


def decoded(chunks: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """Pieces come out as they go in where nothing was compressed. Raises NotDecodable, also while iterated."""
    match encoding.strip().lower():
        case "" | "identity":
            return chunks
        case "gzip" | "x-gzip" | "deflate":
            return inflated(chunks)
        case _:
            raise NotDecodable


async def inflated(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    inflater = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        async for chunk in chunks:
            pending = chunk
            while pending and not inflater.eof:
                if piece := inflater.decompress(pending, LARGEST_PIECE):
                    yield piece
                pending = inflater.unconsumed_tail
                if pending:
                    # A little input can hold very much output, and nothing here waits for more of it.
                    await asyncio.sleep(0)
    except zlib.error:
        raise NotDecodable from None
    if not inflater.eof:
        raise NotDecodable
