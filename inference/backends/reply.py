"""A successful answer: read within time limits, judged before it counts as begun, closed by the caller."""

import asyncio
from collections.abc import AsyncIterator
from typing import assert_never

import httpx2
import msgspec

from inference.backends.decoding import NotDecodable, decoded
from inference.backends.headers import Headers, to_client
from inference.errors import BackendError, Kind

LARGEST_ANSWER = 64 * 1024**2
READ_ERRORS = (httpx2.TransportError, NotDecodable)


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
    ) -> None:
        self.headers = headers
        self.is_stream = is_stream
        self._response = response
        self._first = first
        self._rest = rest

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._first
        if self._rest is not None:
            try:
                async for chunk in self._rest:
                    yield chunk
            except READ_ERRORS as error:
                raise broken(error) from None

    async def aclose(self) -> None:
        await self._response.aclose()


class Outline(msgspec.Struct):
    """As much of a plain answer as tells an answer from an error sent with status 200."""

    id: object = None
    error: object = None


OUTLINE = msgspec.json.Decoder(Outline)


async def begin_reply(response: httpx2.Response, *, protocol: str, stream: bool, deadline: float) -> HttpReply:
    """The reply, once the answer has begun and looks like one. Raises BackendError; the caller closes the response.

    Only a stream that was asked for as one (`stream`) may be of any length: the rest is collected.
    """
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in ("text/html", "application/xhtml+xml"):
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream answered with a web page.")
    is_stream = content_type == "text/event-stream"
    try:
        chunks = body_chunks(response)
        if not (stream and is_stream):
            chunks = limited(chunks, deadline)
        async with asyncio.timeout_at(deadline):
            first = await anext(chunks, b"")
        if not is_stream:
            first = b"".join([first, *[chunk async for chunk in chunks]])
    except TimeoutError:
        raise BackendError(Kind.UPSTREAM_TIMEOUT, "The upstream did not begin to answer in time.") from None
    except READ_ERRORS as error:
        raise broken(error) from None
    if not first:
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream's answer is empty.")
    if not is_stream:
        check_plain(first)
    headers = to_client(response.headers.multi_items(), protocol=protocol)
    return HttpReply(response, headers=headers, is_stream=is_stream, first=first, rest=chunks if is_stream else None)


def body_chunks(response: httpx2.Response) -> AsyncIterator[bytes]:
    """Raises one of READ_ERRORS, also while iterated."""
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    return decoded(aiter(response.stream), response.headers.get("content-encoding", ""))


async def limited(chunks: AsyncIterator[bytes], deadline: float) -> AsyncIterator[bytes]:
    """Those of an answer that is collected: nobody sees that it grows, so the deadline holds for the whole of it.

    Raises BackendError for too many or too late ones, one of READ_ERRORS as they do.
    """
    loop = asyncio.get_running_loop()
    size = 0
    async for chunk in chunks:
        if loop.time() > deadline:
            raise BackendError(Kind.UPSTREAM_TIMEOUT, "The upstream did not end its answer in time.")
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream's answer is too long.")
        yield chunk


def broken(error: httpx2.TransportError | NotDecodable) -> BackendError:
    match error:
        case httpx2.ReadTimeout():
            return BackendError(Kind.UPSTREAM_TIMEOUT, "The upstream fell silent.")
        case httpx2.TransportError():
            return BackendError(Kind.UPSTREAM_STREAM_TRUNCATED, "The upstream's answer ended too early.")
        case NotDecodable():
            return BackendError(
                Kind.UPSTREAM_INVALID_RESPONSE, "The upstream compressed its answer in a way we cannot read."
            )
        case _:
            assert_never(error)


def is_refusal(body: bytes) -> bool:
    """Whether it is an error as both vendors write one, which a client of theirs can read."""
    try:
        return OUTLINE.decode(body).error is not None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def check_plain(body: bytes) -> None:
    """Raises BackendError for what is no JSON object, or one that holds nothing but an error."""
    try:
        outline = OUTLINE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream's answer is not a JSON object.") from None
    if outline.error is not None and outline.id is None:
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream sent an error as a success.")
