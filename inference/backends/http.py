"""One exchange with an upstream: the request goes out, an answer comes back as a reply, a refusal as an error.

Knows no vendor: who calls it brings the URL, the headers and the meaning of an error body.
"""

import asyncio
import time
from collections.abc import Callable
from functools import lru_cache

import httpx2

from credentials.base_url import check_base_url
from inference.backends.addresses import AddressRefused
from inference.backends.base import Call
from inference.backends.headers import Headers, to_client
from inference.backends.reply import READ_ERRORS, HttpReply, begin_reply, body_chunks, is_refusal
from inference.backends.retry_after import parse_retry_after
from inference.errors import BackendError, Kind, UpstreamAnswer
from routing.route import Target, Upstream

type ParseError = Callable[[int, bytes], BackendError]

USER_AGENT = "mlxmanager"
LARGEST_ERROR = 1024**2
SHORTEST_KEY_TO_SCRUB = 8


def credential(target: Target) -> Upstream:
    """Raises BackendError where the target has none to use."""
    if target.upstream is None:
        raise BackendError(Kind.NO_UPSTREAM_CREDENTIAL, target.problem or "The target has no credential.")
    return target.upstream


def reveal(upstream: Upstream) -> str | None:
    """The key in clear. Raises BackendError for one that no header can carry."""
    if upstream.api_key is None:
        return None
    key = upstream.api_key.reveal()
    if not key or not key.isascii() or not key.isprintable():
        raise BackendError(Kind.NO_UPSTREAM_CREDENTIAL, f"The key of credential {upstream.name} cannot be a header.")
    return key


@lru_cache(maxsize=256)
def base(url: str) -> str:
    """A base URL as `below` takes it. Raises BackendError."""
    try:
        check_base_url(url)
    except ValueError as error:
        raise BackendError(Kind.UPSTREAM_UNREACHABLE, str(error)) from None
    address, mark, query = url.partition("?")
    return address.rstrip("/") + mark + query


def below(base: str, path: str) -> str:
    """The path joined to a base URL; a query, as Azure wants one, stays behind it."""
    address, mark, query = base.partition("?")
    return f"{address}/{path}{mark}{query}"


def build_request(url: str, call: Call, headers: Headers) -> httpx2.Request:
    """A call without a body is a GET. `headers` come before our own defaults."""
    given = {name for name, _ in headers}
    defaults = {
        "user-agent": USER_AGENT,
        "accept": "text/event-stream" if call.stream else "application/json",
        "accept-encoding": "identity",
    }
    if call.body:
        defaults["content-type"] = "application/json"
    return httpx2.Request(
        "POST" if call.body else "GET",
        parsed(url),
        headers=[*((name, value) for name, value in defaults.items() if name not in given), *headers],
        # Not `content`, which would have httpx2 go over all headers twice more.
        stream=httpx2.ByteStream(call.body),
        extensions={"timeout": {"read": call.idle}},
    )


@lru_cache(maxsize=1024)
def parsed(url: str) -> httpx2.URL:
    """Raises BackendError."""
    try:
        return httpx2.URL(url)
    except httpx2.InvalidURL:
        raise BackendError(Kind.UPSTREAM_UNREACHABLE, "The base URL has a host that cannot be read.") from None


async def exchange(
    transport: httpx2.AsyncBaseTransport,
    request: httpx2.Request,
    *,
    call: Call,
    protocol: str,
    parse_error: ParseError,
    key: str | None,
) -> HttpReply:
    """Returns once the answer has begun. Raises BackendError, and then holds nothing open."""
    deadline = asyncio.get_running_loop().time() + call.first_byte
    response = await send(transport, request, deadline=deadline)
    try:
        if response.status_code >= 300:
            raise await refusal(response, call=call, protocol=protocol, parse_error=parse_error, key=key)
        return await begin_reply(response, protocol=protocol, stream=call.stream, deadline=deadline)
    except BaseException:
        await response.aclose()
        raise


async def send(transport: httpx2.AsyncBaseTransport, request: httpx2.Request, *, deadline: float) -> httpx2.Response:
    try:
        async with asyncio.timeout_at(deadline):
            return await transport.handle_async_request(request)
    except TimeoutError:
        raise BackendError(Kind.UPSTREAM_TIMEOUT, "The upstream did not begin to answer in time.") from None
    except AddressRefused as error:
        raise BackendError(Kind.UPSTREAM_UNREACHABLE, str(error)) from None
    except httpx2.RemoteProtocolError as error:
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, f"The upstream's answer is {error}.") from None
    except httpx2.TransportError as error:
        raise BackendError(Kind.UPSTREAM_UNREACHABLE, f"The upstream cannot be reached: {error}.") from None


async def refusal(
    response: httpx2.Response, *, call: Call, protocol: str, parse_error: ParseError, key: str | None
) -> BackendError:
    """The upstream's refusal with its kind, when it may be asked again, and the answer as it came."""
    status = response.status_code
    if status < 400:
        return BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream redirects; redirects are not followed.")
    body = scrub(await error_body(response, seconds=call.idle), key)
    error = parse_error(status, body)
    headers = to_client(response.headers.multi_items(), protocol=protocol)
    error.answer = UpstreamAnswer(status, headers, body, is_readable=is_refusal(body))
    if error.retry_after is None:
        error.retry_after = parse_retry_after(status, response.headers, now=time.time())
    return error


async def error_body(response: httpx2.Response, *, seconds: float) -> bytes:
    """As much as comes, up to a limit of size and of time: the status alone tells most of it."""
    body = b""
    try:
        async with asyncio.timeout(seconds):
            async for chunk in body_chunks(response):
                body += chunk
                if len(body) >= LARGEST_ERROR:
                    break
    except (TimeoutError, *READ_ERRORS):
        return body
    return body[:LARGEST_ERROR]


def scrub(body: bytes, key: str | None) -> bytes:
    """Without our key, which some upstreams repeat when they refuse it."""
    if key is None or len(key) < SHORTEST_KEY_TO_SCRUB:
        return body
    return body.replace(key.encode("ascii"), b"[key]")
