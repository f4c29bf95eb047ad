"""Fixtures for every test."""

from collections.abc import Iterator

import pytest

from tests.upstreams import Upstream


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server
