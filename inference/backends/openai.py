"""Upstreams that speak OpenAI's protocol: OpenAI itself, and whatever a base URL names."""

import httpx2

from inference.backends import http
from inference.backends.base import Call, Reply
from inference.backends.headers import to_upstream
from routing.route import Target

BASE_URL = "https://api.openai.com/v1"


class OpenAI:
    protocol = "openai_chat"

    def __init__(self, transport: httpx2.AsyncBaseTransport, parse_error: http.ParseError) -> None:
        self._transport = transport
        self._parse_error = parse_error

    async def open(self, call: Call, target: Target) -> Reply:
        upstream = http.credential(target)
        key = http.reveal(upstream)
        url = join(http.base(upstream.base_url or BASE_URL), call.endpoint)
        auth = () if key is None else (("authorization", f"Bearer {key}"),)
        return await http.exchange(
            self._transport,
            http.build_request(url, call, (*to_upstream(call.headers, protocol=self.protocol), *auth)),
            call=call,
            protocol=self.protocol,
            parse_error=self._parse_error,
            key=key,
        )


def join(base: str, endpoint: str) -> str:
    """The version is part of the base URL, as OpenAI's SDK has it."""
    return f"{base}/{endpoint}"
