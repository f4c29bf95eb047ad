"""Both HTTP backends against real servers: what goes out, and what comes back."""

import gzip
import zlib

import pytest

from inference.backends.base import Backend, Reply
from inference.backends.transport import AiohttpTransport
from inference.errors import BackendError, Kind
from routing.route import Target
from tests.answers import Answer, events, plain
from tests.inference.backends.conversation import ANTHROPIC, KEY, VENDORS, Vendor, call, status_as_error, target
from tests.upstreams import Upstream
from tests.vendor_answers import TEXT

ODD_BODY = (
    b'{ "model" : "x",\t"messages":[ {"role":"user","content":"h\\u00e9 \xc3\xa9"}], "unknown":1.50, "stream":false}'
)
CLIENT_HEADERS = (
    ("authorization", "Bearer client-key-of-the-tests"),
    ("x-api-key", "client-key-of-the-tests"),
    ("cookie", "sessionid=client-key-of-the-tests"),
    ("x-forwarded-for", "10.1.2.3"),
    ("origin", "https://client.example"),
    ("user-agent", "client/1.0"),
    ("accept-encoding", "gzip, br"),
    ("content-type", "application/json; charset=utf-8"),
    ("accept", "application/json"),
)


async def read(reply: Reply) -> bytes:
    try:
        return b"".join([chunk async for chunk in reply.chunks()])
    finally:
        await reply.aclose()


async def test_a_plain_answer_arrives_as_it_was_sent(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    body = b'{"id": "x1" , "odd":  "\\u00e9", "n": 1.50}'
    upstream.script(plain(body))
    reply = await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix))
    assert not reply.is_stream
    assert await read(reply) == body


async def test_the_body_goes_out_byte_for_byte(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    await read(await backend.open(call(vendor, body=ODD_BODY), target(vendor, upstream.url + vendor.suffix)))
    assert upstream.requests[0].body == ODD_BODY


async def test_a_large_body_goes_out_byte_for_byte(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"%s"}]}' % (b"0123456789" * 300_000)
    await read(await backend.open(call(vendor, body=body), target(vendor, upstream.url + vendor.suffix)))
    assert upstream.requests[0].body == body


async def test_a_stream_arrives_as_it_was_sent(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    chunks = [b": hello\r\n\r\n", b"data: {\xc3", b"\xa9}\n\nid: 7\n", b"\ndata: [DONE]\n\n"]
    upstream.script(events(*chunks, pause=0.01))
    reply = await backend.open(call(vendor, stream=True), target(vendor, upstream.url + vendor.suffix))
    assert reply.is_stream
    assert await read(reply) == b"".join(chunks)


async def test_chunks_of_a_stream_arrive_while_it_runs(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(events(b"data: 1\n\n", b"data: 2\n\n", pause=0.05))
    reply = await backend.open(call(vendor, stream=True), target(vendor, upstream.url + vendor.suffix))
    assert [chunk async for chunk in reply.chunks()] == [b"data: 1\n\n", b"data: 2\n\n"]
    await reply.aclose()


async def test_a_vendor_like_upstream_streams_its_text(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    reply = await backend.open(call(vendor, stream=True), target(vendor, upstream.url + vendor.suffix))
    assert TEXT[:6].encode() in await read(reply)


async def test_a_plain_answer_to_a_stream_request_is_no_stream(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.script(plain({"id": "x"}))
    reply = await backend.open(call(vendor, stream=True), target(vendor, upstream.url + vendor.suffix))
    assert not reply.is_stream
    await reply.aclose()


async def test_the_provider_key_is_sent_in_its_header_alone(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    await read(await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix)))
    received = upstream.requests[0]
    name, value = vendor.key_header
    assert [(given.lower(), held) for given, held in received.headers if KEY in held] == [(name, value)]
    assert KEY not in received.target


async def test_nothing_of_the_client_but_the_listed_headers_is_sent(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    await read(await backend.open(call(vendor, headers=CLIENT_HEADERS), target(vendor, upstream.url + vendor.suffix)))
    sent = {name.lower(): value for name, value in upstream.requests[0].headers}
    assert not any("client-key-of-the-tests" in value for value in sent.values())
    own = {"host", "content-length", "content-type", "accept", "accept-encoding", "user-agent", vendor.key_header[0]}
    assert set(sent) - {"anthropic-version"} == own
    assert sent["content-type"] == "application/json; charset=utf-8"
    assert (sent["user-agent"], sent["accept-encoding"]) == ("mlxmanager", "identity")


async def test_without_a_key_no_auth_header_is_sent(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    await read(await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix, key=None)))
    assert upstream.requests[0].header("authorization") is None
    assert upstream.requests[0].header("x-api-key") is None


async def test_each_header_is_sent_once(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    await read(await backend.open(call(vendor, headers=CLIENT_HEADERS), target(vendor, upstream.url + vendor.suffix)))
    names = [name.lower() for name, _ in upstream.requests[0].headers]
    assert len(names) == len(set(names))


async def test_a_call_without_a_body_is_a_get(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(plain({"data": []}))
    await read(await backend.open(call(vendor, body=b""), target(vendor, upstream.url + vendor.suffix)))
    assert upstream.requests[0].method == "GET"
    assert upstream.requests[0].header("content-type") is None


@pytest.mark.parametrize(
    ("given", "sent"), [((), "2023-06-01"), ((("anthropic-version", "2026-10-21"),), "2026-10-21")]
)
async def test_the_anthropic_version_is_the_clients_or_the_older_one(
    given: tuple[tuple[str, str], ...], sent: str, upstream: Upstream, transport: AiohttpTransport
) -> None:
    backend = ANTHROPIC.make(transport, status_as_error)
    await read(await backend.open(call(ANTHROPIC, headers=given), target(ANTHROPIC, upstream.url)))
    versions = [value for name, value in upstream.requests[0].headers if name.lower() == "anthropic-version"]
    assert versions == [sent]


async def test_several_beta_headers_are_sent_in_their_order(upstream: Upstream, transport: AiohttpTransport) -> None:
    backend = ANTHROPIC.make(transport, status_as_error)
    betas = (("anthropic-beta", "b-1,a-2"), ("anthropic-beta", "c-3"))
    await read(await backend.open(call(ANTHROPIC, headers=betas), target(ANTHROPIC, upstream.url)))
    assert [value for name, value in upstream.requests[0].headers if name.lower() == "anthropic-beta"] == [
        "b-1,a-2",
        "c-3",
    ]


async def test_the_upstreams_request_id_and_limits_are_kept_and_the_rest_dropped(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    own_id, limit = {
        "openai": ("x-request-id", "x-ratelimit-remaining-tokens"),
        "anthropic": ("request-id", "anthropic-ratelimit-tokens-remaining"),
    }[vendor.name]
    sent = ((own_id, "req_1"), (limit, "5"), ("set-cookie", "a=b"), ("server", "cdn"), ("retry-after", "9"))
    upstream.script(plain({"id": "x"}, headers=(*sent, ("openai-organization", "ours"))))
    reply = await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix))
    assert set(reply.headers) == {
        ("content-type", "application/json"),
        (limit, "5"),
        ("x-upstream-request-id", "req_1"),
    }
    await reply.aclose()


async def test_cookies_are_not_kept_between_requests(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(plain({"id": "x"}, headers=(("set-cookie", "session=1; Path=/"),)))
    for _ in range(2):
        await read(await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix)))
    assert upstream.requests[1].header("cookie") is None


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
async def test_a_compressed_answer_is_read(encoding: str, vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    body = b'{"id":"x","text":"' + b"abc" * 200_000 + b'"}'
    packed = {"gzip": gzip.compress(body), "deflate": zlib.compress(body), "identity": body}[encoding]
    upstream.script(plain(packed, headers=(("content-encoding", encoding),)))
    reply = await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix))
    assert "content-encoding" not in dict(reply.headers)
    assert await read(reply) == body


async def test_an_encoding_we_cannot_read_is_an_invalid_response(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.script(plain(b"\x1b\x00", headers=(("content-encoding", "br"),)))
    with pytest.raises(BackendError) as raised:
        await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix))
    assert raised.value.kind is Kind.UPSTREAM_INVALID_RESPONSE


async def test_proxies_of_the_environment_are_ignored(
    vendor: Vendor, backend: Backend, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Upstream() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        await read(await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix)))
        assert (len(upstream.requests), proxy.opened) == (1, 0)


async def test_a_target_without_a_credential_says_why(vendor: Vendor, backend: Backend) -> None:
    with pytest.raises(BackendError, match="cannot be decrypted") as raised:
        await backend.open(call(vendor), Target(vendor.name, "m", None, "The key cannot be decrypted."))
    assert raised.value.kind is Kind.NO_UPSTREAM_CREDENTIAL


@pytest.mark.parametrize("key", ["sk-new\nline-secret", "sk-sécret", ""])
async def test_a_key_that_no_header_can_carry_is_named_but_not_shown(
    key: str, vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    with pytest.raises(BackendError, match="default") as raised:
        await backend.open(call(vendor), target(vendor, upstream.url, key=key))
    assert raised.value.kind is Kind.NO_UPSTREAM_CREDENTIAL
    assert "cret" not in str(raised.value)
    assert upstream.opened == 0


async def test_one_transport_serves_both_backends(transport: AiohttpTransport, upstream: Upstream) -> None:
    for vendor in VENDORS:
        backend = vendor.make(transport, status_as_error)
        await read(await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix)))
    assert [received.target for received in upstream.requests] == ["/v1/chat/completions", "/v1/messages"]
    assert upstream.opened == 1


async def test_a_long_header_of_the_upstream_does_no_harm(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(plain({"id": "x"}, headers=(("content-security-policy", "x" * 20_000),)))
    await read(await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix)))


async def test_an_answer_that_ends_with_its_connection_is_whole(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.script(Answer(raw=b'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"id":"x"}', ending="close"))
    reply = await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix))
    assert await read(reply) == b'{"id":"x"}'
