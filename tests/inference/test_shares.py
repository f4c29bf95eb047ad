"""Web processes see how many connections the others have."""

import tempfile
from collections.abc import Iterator

import pytest

from inference.shares import Shares, make_room


@pytest.fixture
def shares() -> Iterator[list[Shares]]:
    with tempfile.TemporaryFile() as file:
        make_room(file.fileno(), 3)
        yield [Shares(file.fileno(), place) for place in range(3)]


def show(shares: list[Shares], *counts: int) -> None:
    for one, count in zip(shares, counts, strict=True):
        one.show(count)


@pytest.mark.parametrize(
    ("counts", "ahead"),
    [
        ((0, 0, 0), [False, False, False]),
        ((1, 0, 0), [True, False, False]),
        ((5, 5, 4), [True, True, False]),
        ((101, 100, 107), [False, False, True]),
    ],
)
def test_who_has_more_than_another_is_ahead(shares: list[Shares], counts: tuple[int, ...], ahead: list[bool]) -> None:
    show(shares, *counts)
    assert [one.is_ahead() for one in shares] == ahead


def test_a_process_alone_is_never_ahead() -> None:
    with tempfile.TemporaryFile() as file:
        make_room(file.fileno(), 1)
        alone = Shares(file.fileno(), 0)
        alone.show(1000)
        assert not alone.is_ahead()
