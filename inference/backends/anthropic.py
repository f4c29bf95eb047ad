"""Upstreams that speak Anthropic's protocol: Anthropic itself, and whatever a base URL names."""

from inference.backends import http
from inference.backends.base import Call, Reply
from inference.backends.headers import to_upstream
from inference.backends.transport import AiohttpTransport
from routing.route import Target

BASE_URL = "https://api.anthropic.com"
# The newer one refuses sampling fields that a body may hold, so it is sent only where the client names it.
VERSION = "2023-06-01"


class Anthropic:
    protocol = "anthropic_messages"

    def __init__(self, transport: AiohttpTransport, parse_error: http.ParseError) -> None:
        self._transport = transport
        self._parse_error = parse_error

    async def open(self, call: Call, target: Target) -> Reply:
        upstream = http.credential(target)
        key = http.reveal(upstream)
        url = join(http.base(upstream.base_url or BASE_URL), call.endpoint)
        headers = list(to_upstream(call.headers, upstream, protocol=self.protocol))
        if not any(name == "anthropic-version" for name, _ in headers):
            headers.append(("anthropic-version", VERSION))
        if key is not None:
            headers.append(("x-api-key", key))
        return await http.exchange(
            self._transport,
            call,
            url=url,
            headers=tuple(headers),
            protocol=self.protocol,
            parse_error=self._parse_error,
            key=key,
        )


def join(base: str, endpoint: str) -> str:
    """The version is not part of the base URL, as Anthropic's SDK has it, but may be."""
    address = base.partition("?")[0]
    return http.below(base, endpoint if address.endswith("/v1") else f"v1/{endpoint}")
