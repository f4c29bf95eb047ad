"""Fixtures that run a test over every HTTP backend."""

from collections.abc import AsyncIterator

import pytest

from inference.backends.base import Backend
from inference.backends.transport import AiohttpTransport
from tests.inference.backends.conversation import LOOPBACK, VENDORS, Vendor, status_as_error


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    async with AiohttpTransport(LOOPBACK) as transport:
        yield transport


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    found: Vendor = request.param
    return found


@pytest.fixture
def backend(vendor: Vendor, transport: AiohttpTransport) -> Backend:
    return vendor.make(transport, status_as_error)
