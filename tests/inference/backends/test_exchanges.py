"""What has come for one request at the worker, and how much of it is kept for who does not read."""

import asyncio

import msgspec
import pytest

from inference.backends.exchanges import Exchange

BUFFER = 10


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(1, bytes, buffer=BUFFER, news=asyncio.Event())


def test_more_than_the_buffer_is_too_much(exchange: Exchange) -> None:
    for _ in range(3):
        exchange.put(msgspec.Raw(b"12345"))
    assert not exchange.is_full
    exchange.put(msgspec.Raw(b"1"))
    assert exchange.is_full


def test_behind_a_piece_of_any_size_there_is_as_much_room(exchange: Exchange) -> None:
    """The echo of a prompt with its likelihoods is one, and the tokens of the answer follow at once."""
    exchange.put(msgspec.Raw(b"x" * 10 * BUFFER))
    exchange.put(msgspec.Raw(b"x" * BUFFER))
    assert not exchange.is_full
    exchange.put(msgspec.Raw(b"x"))
    assert exchange.is_full


def test_what_is_read_makes_room(exchange: Exchange) -> None:
    for _ in range(4):
        exchange.put(msgspec.Raw(b"12345"))
    assert exchange.drain() == b"12345" * 4
    exchange.put(msgspec.Raw(b"12345"))
    assert not exchange.is_full
