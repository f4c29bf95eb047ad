"""A base URL is not a way into our own network: nothing connects before its address was judged."""

import contextlib
import datetime
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from inference.backends.addresses import AddressRefused, PrivateUpstreams
from inference.backends.transport import AiohttpTransport, VettingResolver, tls_context
from inference.errors import BackendError, Kind
from tests.inference.backends.conversation import LOOPBACK, OPENAI, VENDORS, Vendor, call, status_as_error, target
from tests.upstreams import Upstream

# {port} is that of a server which listens on every address of this machine.
TO_THIS_MACHINE = (
    "http://127.0.0.1:{port}",
    "http://127.0.0.1:{port}/v1",
    "http://127.0.0.2:{port}",
    "http://127.255.255.254:{port}",
    "http://127.1:{port}",
    "http://127.0.1:{port}",
    "http://2130706433:{port}",
    "http://0x7f000001:{port}",
    "http://0x7f.1:{port}",
    "http://0x7F.0.0.1:{port}",
    "http://0x7f.0x0.0x0.0x1:{port}",
    "http://0177.0.0.1:{port}",
    "http://017700000001:{port}",
    "http://127.0.0.01:{port}",
    "http://127.000.000.001:{port}",
    "http://127.0.0.1.:{port}",
    "http://127.0.0.1..:{port}",
    "http://0:{port}",
    "http://0.0.0.0:{port}",
    "http://0x0:{port}",
    "http://00000000:{port}",
    "http://[::1]:{port}",
    "http://[0:0:0:0:0:0:0:1]:{port}",
    "http://[::]:{port}",
    "http://[::127.0.0.1]:{port}",
    "http://[::ffff:127.0.0.1]:{port}",
    "http://[::ffff:7f00:1]:{port}",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}",
    "http://[::ffff:0:127.0.0.1]:{port}",
    "http://[::ffff:0.0.0.0]:{port}",
    "http://[64:ff9b::7f00:1]:{port}",
    "http://[64:ff9b::127.0.0.1]:{port}",
    "http://[64:ff9b:1::7f00:1]:{port}",
    "http://[2002:7f00:1::]:{port}",
    "http://[2001:0:7f00:1::]:{port}",
    "http://[::1%25lo]:{port}",
    "http://[::1%lo]:{port}",
    "http://[fe80::1%25lo]:{port}",
    "http://[::1.]:{port}",
    "http://localhost:{port}",
    "http://LOCALHOST:{port}",
    "http://lo%63alhost:{port}",
    "http://127%2e0%2e0%2e1:{port}",
    "http://127.0.0.1%00.example:{port}",
    "http://127.0.0.1%20:{port}",
    "http://127.0.0.1%2f.example:{port}",
    "http://１２７.0.0.1:{port}",
    "http://127。0。0。1:{port}",
    "http://①②⑦.⓪.⓪.①:{port}",
    "http://ⓛocalhost:{port}",
    "http://user@127.0.0.1:{port}",
    "http://user:password@127.0.0.1:{port}",
    "http://api.openai.com@127.0.0.1:{port}",
    "http://api.openai.com:443@127.0.0.1:{port}",
    "http://127.0.0.1:{port}@127.0.0.1:{port}",
    "http://api.openai.com\\@127.0.0.1:{port}",
    "http://127.0.0.1:{port}\\@api.openai.com",
    "http://127.0.0.1:{port}#@api.openai.com",
    "http://127.0.0.1:{port}?@api.openai.com",
    "http://127.0.0.1:{port}/?x=api.openai.com",
    "http:127.0.0.1:{port}",
    "http:/127.0.0.1:{port}",
    "http:///127.0.0.1:{port}",
    "//127.0.0.1:{port}",
    "127.0.0.1:{port}",
    " http://127.0.0.1:{port}",
    "http://127.0.0.1:{port}\t",
    "http://\r\n127.0.0.1:{port}",
    "http://127.0.0.1 :{port}",
    "HTTP://127.0.0.1:{port}",
    "https://127.0.0.1:{port}",
    "ftp://127.0.0.1:{port}",
    "gopher://127.0.0.1:{port}",
    "ws://127.0.0.1:{port}",
    "http+unix://127.0.0.1:{port}",
)
ELSEWHERE = (
    "http://10.0.0.1",
    "http://100.64.0.1",
    "http://172.16.0.1",
    "http://192.168.1.1",
    "http://169.254.1.1",
    "http://169.254.169.254",
    "http://169.254.169.254/latest/meta-data",
    "http://2852039166",
    "http://0xa9fea9fe",
    "http://169.254.43518",
    "http://[::ffff:169.254.169.254]",
    "http://[fd00:ec2::254]",
    "http://[fe80::1]",
    "http://[fec0::1]",
    "http://[ff02::1]",
    "http://100.100.100.200",
    "http://168.63.129.16",
    "http://metadata.google.internal",
    "http://METADATA.GOOGLE.INTERNAL.",
    "http://metadata.goog",
    "http://224.0.0.1",
    "http://255.255.255.255",
    "file:///etc/passwd",
)


class Answers(AbstractResolver):
    """A name server under someone's control: it gives each look-up its next answer."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        assert family == socket.AF_UNSPEC
        addresses = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in addresses
        ]

    async def close(self) -> None:
        pass


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
            await transport.handle_async_request(httpx2.Request("POST", form.format(port=canary.port), content=b"{}"))
    assert canary.connects() == 0


async def test_the_refusal_names_the_setting(canary: Canary) -> None:
    async with AiohttpTransport(PrivateUpstreams()) as transport:
        with pytest.raises(BackendError, match="MLXMANAGER_PRIVATE_UPSTREAMS"):
            await OPENAI.make(transport, status_as_error).open(
                call(OPENAI), target(OPENAI, f"http://localhost:{canary.port}")
            )


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "2002:7f00:1::"]
)
async def test_a_name_does_not_lead_to_a_private_address(address: str, canary: Canary) -> None:
    async with AiohttpTransport(PrivateUpstreams(), resolver=Answers([address])) as transport:
        with pytest.raises(AddressRefused):
            await transport.handle_async_request(httpx2.Request("POST", f"http://upstream.example:{canary.port}"))
    assert canary.connects() == 0


async def test_a_listed_name_does_not_lead_to_a_metadata_address() -> None:
    listed = PrivateUpstreams.parse(["upstream.example", "169.254.0.0/16"])
    async with AiohttpTransport(listed, resolver=Answers(["169.254.169.254"])) as transport:
        with pytest.raises(AddressRefused):
            await transport.handle_async_request(httpx2.Request("POST", "http://upstream.example"))


async def test_the_address_judged_is_the_one_connected_to(upstream: Upstream) -> None:
    port = upstream.address.partition(":")[2]
    resolver = Answers(["127.0.0.1"], ["127.0.0.2"])
    async with AiohttpTransport(PrivateUpstreams.parse(["127.0.0.1"]), resolver=resolver) as transport:
        backend = OPENAI.make(transport, status_as_error)
        reply = await backend.open(call(OPENAI), target(OPENAI, f"http://upstream.example:{port}/v1"))
        await reply.aclose()
    assert (resolver.asked, len(upstream.requests)) == (1, 1)


async def test_of_several_addresses_only_vetted_ones_are_handed_on() -> None:
    inner = Answers(["127.0.0.2", "10.0.0.1", "127.0.0.1", "169.254.169.254"])
    resolver = VettingResolver(PrivateUpstreams.parse(["127.0.0.1", "169.254.0.0/16"]), inner)
    assert [result["host"] for result in await resolver.resolve("upstream.example", 80)] == ["127.0.0.1"]


async def test_the_host_header_keeps_the_name(upstream: Upstream) -> None:
    port = upstream.address.partition(":")[2]
    async with AiohttpTransport(LOOPBACK, resolver=Answers(["127.0.0.1"])) as transport:
        backend = OPENAI.make(transport, status_as_error)
        reply = await backend.open(call(OPENAI), target(OPENAI, f"http://upstream.example:{port}/v1"))
        await reply.aclose()
    assert upstream.requests[0].header("host") == f"upstream.example:{port}"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for upstream.example with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "upstream.example")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("upstream.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "upstream.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return path


@pytest.fixture
def tls_upstream(certificate: Path) -> Iterator[tuple[Upstream, list[str | None]]]:
    """Over TLS, with the server names that clients asked for."""
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _, name, __: names.append(name)
    with Upstream(tls=context) as upstream:
        yield upstream, names


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
async def test_over_tls_the_name_is_asked_for_and_its_certificate_checked(
    vendor: Vendor,
    tls_upstream: tuple[Upstream, list[str | None]],
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upstream, names = tls_upstream
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls_context.cache_clear()
    port = upstream.address.partition(":")[2]
    try:
        async with AiohttpTransport(LOOPBACK, resolver=Answers(["127.0.0.1"])) as transport:
            backend = vendor.make(transport, status_as_error)
            reply = await backend.open(call(vendor), target(vendor, f"https://upstream.example:{port}{vendor.suffix}"))
            await reply.aclose()
            with pytest.raises(BackendError, match="certificate"):
                await backend.open(call(vendor), target(vendor, f"https://other.example:{port}{vendor.suffix}"))
    finally:
        tls_context.cache_clear()
    assert names == ["upstream.example", "other.example"]
    assert len(upstream.requests) == 1


async def test_an_untrusted_certificate_is_unreachable(tls_upstream: tuple[Upstream, list[str | None]]) -> None:
    upstream, _ = tls_upstream
    async with AiohttpTransport(LOOPBACK) as transport:
        with pytest.raises(BackendError, match="certificate is not trusted") as raised:
            await OPENAI.make(transport, status_as_error).open(call(OPENAI), target(OPENAI, upstream.url))
    assert raised.value.kind is Kind.UPSTREAM_UNREACHABLE
    assert upstream.requests == []
