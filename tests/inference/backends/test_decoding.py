"""Undoing compression."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest

from inference.backends.decoding import LARGEST_PIECE, NotDecodable, Read, decoded

TEXT = b"data: {}\n\n" * 1000


def cut(data: bytes, size: int) -> Read:
    pieces = iter([data[start : start + size] for start in range(0, len(data), size)])

    async def read() -> bytes:
        return next(pieces, b"")

    return read


async def pieces_of(read: Read) -> AsyncIterator[bytes]:
    while piece := await read():
        yield piece


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("packed", [gzip.compress(TEXT), zlib.compress(TEXT)], ids=["gzip", "deflate"])
async def test_splits_do_not_matter(packed: bytes, size: int) -> None:
    encoding = "gzip" if packed.startswith(b"\x1f") else "deflate"
    assert b"".join([piece async for piece in pieces_of(decoded(cut(packed, size), encoding))]) == TEXT


async def test_a_flushed_event_comes_out_before_the_next_goes_in() -> None:
    packer = zlib.compressobj(wbits=31)
    first = packer.compress(b"data: 1\n\n") + packer.flush(zlib.Z_SYNC_FLUSH)

    asked = [first]

    async def stalling() -> bytes:
        assert asked, "asked for more before handing on what it had"
        return asked.pop()

    assert await decoded(stalling, "gzip")() == b"data: 1\n\n"


async def test_a_bomb_comes_out_in_bounded_pieces() -> None:
    packed = gzip.compress(b"\x00" * 20_000_000)
    sizes = [len(piece) async for piece in pieces_of(decoded(cut(packed, len(packed)), "gzip"))]
    assert max(sizes) <= LARGEST_PIECE
    assert sum(sizes) == 20_000_000


async def test_a_bomb_leaves_the_loop_to_others() -> None:
    packed = gzip.compress(b"\x00" * 20_000_000)
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    other = asyncio.ensure_future(count_turns())
    pieces = [len(piece) async for piece in pieces_of(decoded(cut(packed, len(packed)), "gzip"))]
    other.cancel()
    assert turns > len(pieces) // 2


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "unknown"])
def test_other_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(NotDecodable):
        decoded(cut(TEXT, 9), encoding)


@pytest.mark.parametrize("data", [b"not gzip at all", gzip.compress(TEXT)[:-12], b""], ids=["other", "cut", "empty"])
async def test_what_is_not_of_the_encoding_is_refused(data: bytes) -> None:
    with pytest.raises(NotDecodable):
        assert [piece async for piece in pieces_of(decoded(cut(data, 100), "gzip"))]


async def test_who_is_cancelled_may_read_on() -> None:
    packed = gzip.compress(TEXT)
    pieces = [packed[:100], packed[100:]]
    waiting = asyncio.Event()

    async def slow() -> bytes:
        await waiting.wait()
        return pieces.pop(0) if pieces else b""

    read = decoded(slow, "gzip")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read(), 0.05)
    waiting.set()
    assert b"".join([piece async for piece in pieces_of(read)]) == TEXT
