"""Upstreams that speak OpenAI's protocol: OpenAI itself, and whatever a base URL names."""

from inference.backends import http
from inference.backends.base import Call, Reply
from inference.backends.headers import Headers, to_upstream
from inference.backends.transport import AiohttpTransport
from routing.route import Target

BASE_URL = "https://api.openai.com/v1"
AZURE = ".azure.com"


class OpenAI:
    protocol = "openai_chat"

    def __init__(self, transport: AiohttpTransport, parse_error: http.ParseError) -> None:
        self._transport = transport
        self._parse_error = parse_error

    async def open(self, call: Call, target: Target) -> Reply:
        upstream = http.credential(target)
        key = http.reveal(upstream)
        url = join(http.base(upstream.base_url or BASE_URL), call.endpoint)
        return await http.exchange(
            self._transport,
            call,
            url=url,
            headers=(*to_upstream(call.headers, upstream, protocol=self.protocol), *authorization(url, key)),
            protocol=self.protocol,
            parse_error=self._parse_error,
            key=key,
        )


def join(base: str, endpoint: str) -> str:
    """The version is part of the base URL, as OpenAI's SDK has it."""
    return http.below(base, endpoint)


def authorization(url: str, key: str | None) -> Headers:
    """Azure takes a bearer for a token of its directory, and refuses a request that holds both headers."""
    if key is None:
        return ()
    if http.host(url).endswith(AZURE):
        return (("api-key", key),)
    return (("authorization", f"Bearer {key}"),)
