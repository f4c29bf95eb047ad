"""Fixtures for every test."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.upstreams import Upstream

# The same examples in every run, however slow the machine is just then.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server
