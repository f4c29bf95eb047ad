"""Which headers travel on, either way."""

import pytest

from inference.backends.headers import to_client, to_upstream

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


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", NEVER_TO_UPSTREAM)
def test_a_header_stays_with_us(name: str, protocol: str) -> None:
    assert to_upstream(((name, "value"),), protocol=protocol) == ()


@pytest.mark.parametrize(
    ("protocol", "names"),
    [
        ("openai_chat", ["content-type", "accept", "openai-beta", "x-client-request-id", "idempotency-key"]),
        ("anthropic_messages", ["content-type", "accept", "anthropic-version", "anthropic-beta"]),
    ],
)
def test_the_protocols_own_headers_travel_on(protocol: str, names: list[str]) -> None:
    headers = tuple((name, "value") for name in names)
    assert to_upstream(headers, protocol=protocol) == headers


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_other_protocols_headers_stay(protocol: str) -> None:
    other = {"openai_chat": "anthropic-beta", "anthropic_messages": "openai-beta"}[protocol]
    assert to_upstream(((other, "value"),), protocol=protocol) == ()


@pytest.mark.parametrize(("value", "travels"), [("a" * 512, True), ("a" * 513, False), ("é", False)])
def test_a_client_request_id_is_short_and_ascii(value: str, travels: bool) -> None:
    assert bool(to_upstream((("x-client-request-id", value),), protocol="openai_chat")) is travels


@pytest.mark.parametrize(
    ("protocol", "name"), [("openai_chat", "openai-beta"), ("anthropic_messages", "anthropic-beta")]
)
def test_a_header_that_is_not_ascii_stays_with_us(protocol: str, name: str) -> None:
    assert to_upstream(((name, "\xff"), ("accept", "*/*")), protocol=protocol) == (("accept", "*/*"),)


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
                "x-ratelimit-limit-requests",
                "x-ratelimit-remaining-tokens",
                "x-ratelimit-reset-tokens",
            ],
        ),
        (
            "anthropic_messages",
            [
                "content-type",
                "anthropic-ratelimit-requests-limit",
                "anthropic-ratelimit-input-tokens-remaining",
                "anthropic-ratelimit-output-tokens-reset",
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
