"""Host names: judged by what they resolve to, once, and then kept for `Host`, SNI and the certificate."""

import datetime
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

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


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "2002:7f00:1::"]
)
async def test_a_name_does_not_lead_to_a_private_address(address: str, upstream: Upstream) -> None:
    async with AiohttpTransport(PrivateUpstreams(), resolver=Answers([address])) as transport:
        with pytest.raises(AddressRefused):
            await transport.ask(f"http://upstream.example:{upstream.port}", (), b"{}", idle=1)
    assert upstream.opened == 0


async def test_a_listed_name_does_not_lead_to_a_metadata_address() -> None:
    listed = PrivateUpstreams.parse(["upstream.example", "169.254.0.0/16"])
    async with AiohttpTransport(listed, resolver=Answers(["169.254.169.254"])) as transport:
        with pytest.raises(AddressRefused):
            await transport.ask("http://upstream.example", (), b"{}", idle=1)


async def test_the_address_judged_is_the_one_connected_to(upstream: Upstream) -> None:
    resolver = Answers(["127.0.0.1"], ["127.0.0.2"])
    async with AiohttpTransport(PrivateUpstreams.parse(["127.0.0.1"]), resolver=resolver) as transport:
        backend = OPENAI.make(transport, status_as_error)
        reply = await backend.open(call(OPENAI), target(OPENAI, f"http://upstream.example:{upstream.port}/v1"))
        await reply.aclose()
    assert (resolver.asked, len(upstream.requests)) == (1, 1)


async def test_of_several_addresses_only_vetted_ones_are_handed_on() -> None:
    inner = Answers(["127.0.0.2", "10.0.0.1", "127.0.0.1", "169.254.169.254"])
    resolver = VettingResolver(PrivateUpstreams.parse(["127.0.0.1", "169.254.0.0/16"]), inner)
    assert [result["host"] for result in await resolver.resolve("upstream.example", 80)] == ["127.0.0.1"]


async def test_the_host_header_keeps_the_name(upstream: Upstream) -> None:
    async with AiohttpTransport(LOOPBACK, resolver=Answers(["127.0.0.1"])) as transport:
        backend = OPENAI.make(transport, status_as_error)
        reply = await backend.open(call(OPENAI), target(OPENAI, f"http://upstream.example:{upstream.port}/v1"))
        await reply.aclose()
    assert upstream.requests[0].header("host") == f"upstream.example:{upstream.port}"


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
    try:
        async with AiohttpTransport(LOOPBACK, resolver=Answers(["127.0.0.1"])) as transport:
            backend = vendor.make(transport, status_as_error)
            reply = await backend.open(
                call(vendor), target(vendor, f"https://upstream.example:{upstream.port}{vendor.suffix}")
            )
            await reply.aclose()
            with pytest.raises(BackendError, match="certificate"):
                await backend.open(
                    call(vendor), target(vendor, f"https://other.example:{upstream.port}{vendor.suffix}")
                )
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
