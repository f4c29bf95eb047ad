"""What has come for requests at the worker, and how much of it is kept for who does not read."""

import gc
import weakref

import msgspec
import pytest

from inference.backends.exchanges import Answers, Exchange
from inference.errors import BackendError, Kind

BUFFER = 10


def expecting(number: int = 1) -> tuple[Answers, list[Exchange]]:
    answers = Answers(buffer=BUFFER, cancel=Exchange.end)
    exchanges = [Exchange(one, bytes, answers) for one in range(number)]
    answers.expect(exchanges)
    return answers, exchanges


async def test_more_than_the_buffer_is_too_much() -> None:
    _, (exchange,) = expecting()
    for _ in range(3):
        exchange.put(msgspec.Raw(b"12345"))
    with pytest.raises(BackendError) as caught:
        exchange.put(msgspec.Raw(b"1"))
    assert caught.value.kind is Kind.UPSTREAM_STREAM_TRUNCATED


async def test_behind_a_piece_of_any_size_there_is_as_much_room() -> None:
    """The echo of a prompt with its likelihoods is one, and the tokens of the answer follow at once."""
    _, (exchange,) = expecting()
    exchange.put(msgspec.Raw(b"x" * 10 * BUFFER))
    exchange.put(msgspec.Raw(b"x" * BUFFER))
    with pytest.raises(BackendError):
        exchange.put(msgspec.Raw(b"x"))


async def test_what_is_read_makes_room() -> None:
    answers, (exchange,) = expecting()
    for _ in range(3):
        exchange.put(msgspec.Raw(b"12345"))
    assert await answers.take() == b"12345" * 3
    exchange.put(msgspec.Raw(b"12345"))
    assert await answers.take() == b"12345"


async def test_the_failure_of_one_is_the_failure_of_all() -> None:
    answers, (first, second) = expecting(2)
    second.put(msgspec.Raw(b"12345"))
    first.end(BackendError(Kind.UPSTREAM_TIMEOUT, "It fell silent."))
    assert second.ended
    assert await answers.take() == b"12345"
    with pytest.raises(BackendError):
        await answers.take()


async def test_the_end_of_one_is_not_that_of_the_others() -> None:
    answers, (first, second) = expecting(2)
    first.end()
    second.put(msgspec.Raw(b"12345"))
    assert await answers.take() == b"12345"
    second.end()
    assert await answers.take() == b""


async def test_what_was_closed_is_not_left_to_the_garbage_collector() -> None:
    gc.disable()
    try:
        answers, exchanges = expecting()
        answers.limit(60)
        gone = weakref.ref(answers)
        answers.close()
        del answers, exchanges
        assert gone() is None
    finally:
        gc.enable()
