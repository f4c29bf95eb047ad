"""Which headers travel on, either way."""

import socket
from dataclasses import replace

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from credentials.forwarding import OPT_IN
from inference.backends.base import Backend
from inference.backends.headers import Headers, to_client, to_upstream
from inference.backends.transport import AiohttpTransport
from routing.route import Upstream
from tests import upstreams
from tests.inference.backends.conversation import (
    ANTHROPIC,
    KEY,
    LOOPBACK,
    OPENAI,
    VENDORS,
    Vendor,
    call,
    status_as_error,
    target,
)

PLAIN = Upstream(1, "default", None, None)
NEVER_TO_UPSTREAM = (
    "authorization",
    "x-api-key",
    "api-key",
    "proxy-authorization",
    "proxy-connection",
    "cookie",
    "host",
    "content-length",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
    "cf-connecting-ip",
    "accept-encoding",
    "content-encoding",
    "origin",
    "referer",
    "sec-fetch-mode",
    "x-stainless-lang",
    "x-stainless-timeout",
    "x-stainless-read-timeout",
    "x-stainless-retry-count",
    "user-agent",
    "x-app",
    "x-claude-code-session-id",
    "session_id",
    "originator",
    "anthropic-dangerous-direct-browser-access",
    "traceparent",
    "tracestate",
    "baggage",
    "openai-organization",
    "openai-project",
    "anthropic-workspace-id",
    "anthropic-user-profile-id",
    "x-unknown",
)
NEVER_TO_CLIENT = (
    "set-cookie",
    "cf-ray",
    "server",
    "alt-svc",
    "strict-transport-security",
    "access-control-allow-origin",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "content-encoding",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "openai-organization",
    "openai-project",
    "anthropic-organization-id",
    "anthropic-workspace-id",
    "date",
    "x-unknown",
)
PROTOCOLS = ("openai_chat", "anthropic_messages")
OWN = pytest.mark.parametrize(
    ("protocol", "names"),
    [
        ("openai_chat", ["content-type", "accept", "openai-beta", "x-client-request-id", "idempotency-key"]),
        ("anthropic_messages", ["content-type", "accept", "anthropic-version", "anthropic-beta"]),
    ],
)
FIGURES = ("limit", "remaining", "reset")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", NEVER_TO_UPSTREAM)
def test_a_header_stays_with_us(name: str, protocol: str) -> None:
    assert to_upstream(((name, "value"),), PLAIN, protocol=protocol) == ()


@OWN
def test_what_connection_names_stays_with_us(protocol: str, names: list[str]) -> None:
    headers = tuple((name, "value") for name in names)
    connection = ("connection", f"keep-alive, {names[-1].upper()}")
    assert to_upstream((*headers, connection), PLAIN, protocol=protocol) == headers[:-1]


@OWN
def test_the_protocols_own_headers_travel_on(protocol: str, names: list[str]) -> None:
    headers = tuple((name, "value") for name in names)
    assert to_upstream(headers, PLAIN, protocol=protocol) == headers


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_other_protocols_headers_stay(protocol: str) -> None:
    other = {"openai_chat": "anthropic-beta", "anthropic_messages": "openai-beta"}[protocol]
    assert to_upstream(((other, "value"),), PLAIN, protocol=protocol) == ()


@pytest.mark.parametrize(("value", "travels"), [("a" * 512, True), ("a" * 513, False), ("é", False)])
def test_a_client_request_id_is_short_and_ascii(value: str, travels: bool) -> None:
    assert bool(to_upstream((("x-client-request-id", value),), PLAIN, protocol="openai_chat")) is travels


@pytest.mark.parametrize(
    ("protocol", "name"), [("openai_chat", "openai-beta"), ("anthropic_messages", "anthropic-beta")]
)
def test_a_header_that_is_not_ascii_stays_with_us(protocol: str, name: str) -> None:
    assert to_upstream(((name, "\xff"), ("accept", "*/*")), PLAIN, protocol=protocol) == (("accept", "*/*"),)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", NEVER_TO_CLIENT)
def test_a_header_of_the_upstream_is_dropped(name: str, protocol: str) -> None:
    assert to_client([(name, "value")], protocol=protocol) == ()


@pytest.mark.parametrize(
    ("protocol", "names"),
    [
        (
            "openai_chat",
            [
                "content-type",
                "openai-processing-ms",
                "openai-version",
                *[f"x-ratelimit-{figure}-{unit}" for figure in FIGURES for unit in ("requests", "tokens")],
            ],
        ),
        (
            "anthropic_messages",
            [
                "content-type",
                *[
                    f"anthropic-ratelimit-{unit}-{figure}"
                    for unit in ("requests", "tokens", "input-tokens", "output-tokens")
                    for figure in FIGURES
                ],
            ],
        ),
    ],
)
def test_limits_and_timing_are_relayed(protocol: str, names: list[str]) -> None:
    headers = [(name, "value") for name in names]
    assert to_client(headers, protocol=protocol) == tuple(headers)


@pytest.mark.parametrize(("protocol", "name"), [("openai_chat", "x-request-id"), ("anthropic_messages", "request-id")])
def test_the_upstreams_request_id_is_renamed(protocol: str, name: str) -> None:
    assert to_client([(name, "req_1")], protocol=protocol) == (("x-upstream-request-id", "req_1"),)


@pytest.mark.parametrize("value", ["a\r\nset-cookie: b", "é", "a\x00b"])
def test_a_value_that_is_not_plain_text_is_dropped(value: str) -> None:
    assert to_client([("openai-version", value)], protocol="openai_chat") == ()


async def sent(
    vendor: Vendor,
    upstream: upstreams.Upstream,
    headers: Headers,
    *,
    betas: tuple[str, ...] | None = None,
    let_through: tuple[str, ...] = (),
) -> Headers:
    """The headers that reach an upstream, names in lower case."""
    plain = target(vendor, upstream.url + vendor.suffix)
    assert plain.upstream is not None
    whole = replace(plain, upstream=replace(plain.upstream, allowed_betas=betas, forwarded_headers=let_through))
    async with AiohttpTransport(LOOPBACK) as transport:
        reply = await vendor.make(transport, status_as_error).open(call(vendor, headers=headers), whole)
        await reply.aclose()
    return tuple((name.lower(), value) for name, value in upstream.requests[-1].headers)


def values(headers: Headers, name: str) -> list[str]:
    return [value for given, value in headers if given == name]


BETAS = (
    ("anthropic-beta", "context-1m-2025-08-07, structured-outputs-2025-12-15"),
    ("anthropic-beta", "files-api-2025"),
)


@pytest.mark.parametrize(
    ("beginnings", "arrived"),
    [
        (None, [value for _, value in BETAS]),
        (("structured-outputs-", "files-"), ["structured-outputs-2025-12-15", "files-api-2025"]),
        (("context-1m-", "structured-outputs-"), ["context-1m-2025-08-07,structured-outputs-2025-12-15"]),
        (("outputs-",), []),
        ((), []),
    ],
    ids=["all", "one of each", "both of one", "not at the beginning", "none"],
)
async def test_a_credential_says_which_betas_travel(
    upstream: upstreams.Upstream, beginnings: tuple[str, ...] | None, arrived: list[str]
) -> None:
    assert values(await sent(ANTHROPIC, upstream, BETAS, betas=beginnings), "anthropic-beta") == arrived


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
async def test_a_credential_lets_a_providers_own_headers_through(upstream: upstreams.Upstream, vendor: Vendor) -> None:
    given = tuple((name, f"{name}-of-the-client") for names in OPT_IN.values() for name in names)
    wanted = OPT_IN[vendor.name][0]
    arrived = await sent(vendor, upstream, given, let_through=(wanted,))
    assert [pair for pair in arrived if pair in given] == [(wanted, f"{wanted}-of-the-client")]


async def test_nothing_but_those_is_let_through_whatever_a_row_says(upstream: upstreams.Upstream) -> None:
    given = (("authorization", "Bearer of-the-client"), ("cookie", "a=b"), ("openai-project", "proj_1"))
    arrived = await sent(OPENAI, upstream, given, let_through=("authorization", "cookie", "openai-project"))
    assert values(arrived, "authorization") == [f"Bearer {KEY}"]
    assert values(arrived, "cookie") == []
    assert values(arrived, "openai-project") == ["proj_1"]


class ToLoopback(AbstractResolver):
    """Every name is this machine's."""

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - the interface's
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0),
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("host", "name", "value"),
    [
        ("mine.openai.azure.com", "api-key", KEY),
        ("mine.services.ai.azure.com", "api-key", KEY),
        ("azure.com.example.org", "authorization", f"Bearer {KEY}"),
    ],
)
async def test_azure_gets_the_key_in_its_own_header_and_its_version_in_the_query(
    upstream: upstreams.Upstream, host: str, name: str, value: str
) -> None:
    url = f"http://{host}:{upstream.port}/openai/v1/?api-version=preview"
    async with AiohttpTransport(LOOPBACK, resolver=ToLoopback()) as transport:
        reply = await OPENAI.make(transport, status_as_error).open(call(OPENAI), target(OPENAI, url))
        await reply.aclose()
    (request,) = upstream.requests
    assert request.target == "/openai/v1/chat/completions?api-version=preview"
    assert {given.lower(): said for given, said in request.headers if KEY in said} == {name: value}


async def test_a_query_of_a_base_url_stays_behind_the_path(
    vendor: Vendor, backend: Backend, upstream: upstreams.Upstream
) -> None:
    reply = await backend.open(call(vendor), target(vendor, f"{upstream.url}/proxy/v1?tenant=a%20b&x"))
    await reply.aclose()
    assert upstream.requests[0].target == f"/proxy/v1/{vendor.endpoint}?tenant=a%20b&x"
