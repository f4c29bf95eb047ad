"""A base URL is not a way into our own network: nothing connects before its address was judged."""

import contextlib
import socket
from collections.abc import Iterator

import httpx2
import pytest

from inference.backends.addresses import AddressRefused, PrivateUpstreams
from inference.backends.transport import AiohttpTransport
from inference.errors import BackendError, Kind
from tests.inference.backends.conversation import OPENAI, VENDORS, call, status_as_error, target
from tests.inference.backends.ssrf_forms import ELSEWHERE, TO_THIS_MACHINE


class Canary:
    """Listens on every address of this machine, and knows whether anyone came."""

    def __init__(self) -> None:
        self.listening = [socket.create_server(("", 0))]
        self.port: int = self.listening[0].getsockname()[1]
        with contextlib.suppress(OSError):  # a machine without IPv6
            self.listening.append(socket.create_server(("::", self.port), family=socket.AF_INET6))

    def connects(self) -> int:
        count = 0
        for listening in self.listening:
            listening.setblocking(False)
            while True:
                try:
                    connection, _ = listening.accept()
                except BlockingIOError:
                    break
                connection.close()
                count += 1
        return count


@pytest.fixture
def canary() -> Iterator[Canary]:
    canary = Canary()
    yield canary
    for listening in canary.listening:
        listening.close()


def test_the_canary_notices_a_connect(canary: Canary) -> None:
    with socket.create_connection(("127.0.0.1", canary.port)):
        assert canary.connects() == 1


@pytest.mark.parametrize("form", TO_THIS_MACHINE + ELSEWHERE)
async def test_a_backend_does_not_connect_there(form: str, canary: Canary) -> None:
    async with AiohttpTransport(PrivateUpstreams()) as transport:
        for vendor in VENDORS:
            with pytest.raises(BackendError) as raised:
                await vendor.make(transport, status_as_error).open(
                    call(vendor, first_byte=2), target(vendor, form.format(port=canary.port))
                )
            assert raised.value.kind is Kind.UPSTREAM_UNREACHABLE
            assert "cannot be reached" not in raised.value.message
    assert canary.connects() == 0


@pytest.mark.parametrize("form", TO_THIS_MACHINE + ELSEWHERE)
async def test_the_transport_alone_does_not_connect_there(form: str, canary: Canary) -> None:
    async with AiohttpTransport(PrivateUpstreams()) as transport:
        with pytest.raises((AddressRefused, httpx2.InvalidURL, httpx2.UnsupportedProtocol)):
            await transport.ask(form.format(port=canary.port), (), b"{}", idle=1)
    assert canary.connects() == 0


async def test_the_refusal_names_the_setting(canary: Canary) -> None:
    async with AiohttpTransport(PrivateUpstreams()) as transport:
        with pytest.raises(BackendError, match="MLXMANAGER_PRIVATE_UPSTREAMS"):
            await OPENAI.make(transport, status_as_error).open(
                call(OPENAI), target(OPENAI, f"http://localhost:{canary.port}")
            )
