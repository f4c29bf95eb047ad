"""Which releases of SQLite several web processes are warned of."""

import pytest

from inference.sqlite import has_reset_bug


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 50, 6), (3, 51, 2)])
def test_these_can_lose_what_was_written(version: tuple[int, int, int]) -> None:
    assert has_reset_bug(version)


@pytest.mark.parametrize("version", [(3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 52, 0), (4, 0, 0)])
def test_these_are_repaired(version: tuple[int, int, int]) -> None:
    assert not has_reset_bug(version)
