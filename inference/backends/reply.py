"""A successful answer: read within time limits, judged before it counts as begun, closed by the caller."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import msgspec

from inference.backends.base import Call
from inference.backends.decoding import NotDecodable, decoded
from inference.backends.headers import Headers, to_client
from inference.errors import BackendError, Kind

LARGEST_ANSWER = 64 * 1024**2


class HttpReply:
    """A `Reply`. Of a stream the first chunk is there already, of a plain answer the whole."""

    def __init__(
        self,
        response: httpx2.Response,
        *,
        headers: Headers,
        is_stream: bool,
        first: bytes,
        rest: AsyncIterator[bytes] | None,
        idle: float,
    ) -> None:
        self.headers = headers
        self.is_stream = is_stream
        self._response = response
        self._first = first
        self._rest = rest
        self._idle = idle

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._first
        if self._rest is not None:
            while chunk := await next_chunk(self._rest, self._idle):
                yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()


class Outline(msgspec.Struct):
    """As much of a plain answer as tells an answer from an error sent with status 200."""

    id: object = None
    error: object = None


OUTLINE = msgspec.json.Decoder(Outline)


async def begin_reply(response: httpx2.Response, *, call: Call, protocol: str, deadline: float) -> HttpReply:
    """The reply, once the answer has begun and looks like one. Raises BackendError; the caller closes the response."""
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in ("text/html", "application/xhtml+xml"):
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream answered with a web page.")
    chunks = body_chunks(response)
    is_stream = content_type == "text/event-stream"
    if is_stream:
        first = await next_chunk(chunks, deadline - asyncio.get_running_loop().time())
    else:
        first = await whole(chunks, most=LARGEST_ANSWER, idle=call.idle)
    if not first:
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream's answer is empty.")
    if not is_stream:
        check_plain(first)
    return HttpReply(
        response,
        headers=to_client(response.headers.multi_items(), protocol=protocol),
        is_stream=is_stream,
        first=first,
        rest=chunks if is_stream else None,
        idle=call.idle,
    )


def body_chunks(response: httpx2.Response) -> AsyncIterator[bytes]:
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    try:
        return decoded(aiter(response.stream), response.headers.get("content-encoding", ""))
    except NotDecodable:
        raise undecodable() from None


async def next_chunk(chunks: AsyncIterator[bytes], seconds: float) -> bytes:
    """Empty at the end. Raises BackendError."""
    try:
        async with asyncio.timeout(seconds):
            return await anext(chunks, b"")
    except TimeoutError:
        raise BackendError(Kind.UPSTREAM_TIMEOUT, "The upstream fell silent.") from None
    except httpx2.TransportError:
        raise BackendError(Kind.UPSTREAM_STREAM_TRUNCATED, "The upstream's answer ended too early.") from None
    except NotDecodable:
        raise undecodable() from None


async def whole(chunks: AsyncIterator[bytes], *, most: int, idle: float) -> bytes:
    """All chunks as one. Raises BackendError."""
    parts: list[bytes] = []
    size = 0
    while chunk := await next_chunk(chunks, idle):
        size += len(chunk)
        if size > most:
            raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, f"The upstream's answer is longer than {most} bytes.")
        parts.append(chunk)
    return b"".join(parts)


def check_plain(body: bytes) -> None:
    """Raises BackendError for what is no JSON object, or one that holds nothing but an error."""
    try:
        outline = OUTLINE.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream's answer is not a JSON object.") from None
    if outline.error is not None and outline.id is None:
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream sent an error as a success.")


def undecodable() -> BackendError:
    return BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream compressed its answer in a way we cannot read.")
