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
from inference.backends.decoding import decoded
from inference.backends.headers import Headers, to_client
from inference.backends.reply import READ_ERRORS, HttpReply, begin_reply, is_refusal
from inference.backends.retry_after import parse_retry_after
from inference.backends.transport import AiohttpTransport, Answer
from inference.errors import BackendError, Kind, UpstreamAnswer
from routing.route import Target, Upstream

type ParseError = Callable[[int, bytes], BackendError]

USER_AGENT = "mlxmanager"
LARGEST_ERROR = 1024**2
SHORTEST_KEY_TO_SCRUB = 8
# Some upstreams answer with statuses beyond, which no server of ours can send on.
LARGEST_STATUS = 599


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


def with_defaults(headers: Headers, call: Call) -> Headers:
    """Those that are given come before our own."""
    given = {name for name, _ in headers}
    defaults = {
        "user-agent": USER_AGENT,
        "accept": "text/event-stream" if call.stream else "application/json",
        "accept-encoding": "identity",
    }
    if call.body:
        defaults["content-type"] = "application/json"
    return (*[(name, value) for name, value in defaults.items() if name not in given], *headers)


@lru_cache(maxsize=1024)
def host(url: str) -> str:
    """Raises BackendError."""
    try:
        return httpx2.URL(url).host
    except httpx2.InvalidURL:
        raise unreadable() from None


def unreadable() -> BackendError:
    return BackendError(Kind.UPSTREAM_UNREACHABLE, "The base URL has a host that cannot be read.")


async def exchange(
    transport: AiohttpTransport,
    call: Call,
    *,
    url: str,
    headers: Headers,
    protocol: str,
    parse_error: ParseError,
    key: str | None,
) -> HttpReply:
    """Returns once the answer has begun. Raises BackendError, and then holds nothing open."""
    try:
        async with asyncio.timeout(call.first_byte):
            answer = await send(transport, call, url=url, headers=with_defaults(headers, call))
            if answer.status < 300:
                return await begin_reply(answer, protocol=protocol, stream=call.stream)
    except TimeoutError:
        raise BackendError(Kind.UPSTREAM_TIMEOUT, "The upstream did not answer in time.") from None
    try:
        raise await refusal(answer, call=call, protocol=protocol, parse_error=parse_error, key=key)
    finally:
        answer.close()


async def send(transport: AiohttpTransport, call: Call, *, url: str, headers: Headers) -> Answer:
    try:
        return await transport.ask(url, headers, call.body, idle=call.idle)
    except httpx2.InvalidURL:
        raise unreadable() from None
    except AddressRefused as error:
        raise BackendError(Kind.UPSTREAM_UNREACHABLE, str(error)) from None
    except httpx2.RemoteProtocolError as error:
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, f"The upstream's answer is {error}.") from None
    except httpx2.TransportError as error:
        raise BackendError(Kind.UPSTREAM_UNREACHABLE, f"The upstream cannot be reached: {error}.") from None


async def refusal(
    answer: Answer, *, call: Call, protocol: str, parse_error: ParseError, key: str | None
) -> BackendError:
    """The upstream's refusal with its kind, when it may be asked again, and the answer as it came."""
    status = answer.status
    if status < 400:
        return BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream redirects; redirects are not followed.")
    headers = answer.headers()
    told = dict(headers)
    encoding = told.get("content-encoding", "")
    body = scrub(await error_body(answer, encoding, seconds=call.idle), key)
    error = parse_error(status, body)
    kept = to_client(headers, protocol=protocol)
    is_readable = status <= LARGEST_STATUS and is_refusal(body)
    error.answer = UpstreamAnswer(status, kept, body, is_readable=is_readable)
    if error.retry_after is None:
        error.retry_after = parse_retry_after(status, told, now=time.time())
    return error


async def error_body(answer: Answer, encoding: str, *, seconds: float) -> bytes:
    """As much as comes, up to a limit of size and of time: the status alone tells most of it."""
    body = b""
    try:
        async with asyncio.timeout(seconds):
            read = decoded(answer.read, encoding)
            while len(body) < LARGEST_ERROR and (chunk := await read()):
                body += chunk
    except (TimeoutError, *READ_ERRORS):
        return body
    return body[:LARGEST_ERROR]


def scrub(body: bytes, key: str | None) -> bytes:
    """Without our key, which some upstreams repeat when they refuse it."""
    if key is None or len(key) < SHORTEST_KEY_TO_SCRUB:
        return body
    return body.replace(key.encode("ascii"), b"[key]")
