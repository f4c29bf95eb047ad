"""A successful answer: read within time limits, judged before it counts as begun, closed by the caller."""

from collections.abc import AsyncIterator
from typing import assert_never

import httpx2
import msgspec

from inference.backends.decoding import NotDecodable, Read, decoded
from inference.backends.headers import Headers, to_client
from inference.backends.transport import Answer
from inference.errors import BackendError, Kind
from inference.intake import Reading

LARGEST_ANSWER = 64 * 1024**2
READ_ERRORS = (httpx2.TransportError, NotDecodable)


class HttpReply:
    """A `Reply`. Of a stream that was asked for the first chunk is there already, of any other answer the whole."""

    def __init__(
        self,
        answer: Answer,
        *,
        headers: Headers,
        is_stream: bool,
        first: bytes,
        rest: Read | None,
    ) -> None:
        self.headers = headers
        self.is_stream = is_stream
        self._answer = answer
        self._first = first
        self._rest = rest

    async def chunks(self) -> AsyncIterator[bytes]:
        while chunk := await self.read():
            yield chunk

    def intake(self) -> Reading:
        return Reading(self.read)

    async def read(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        if self._rest is None:
            return b""
        try:
            return await self._rest()
        except READ_ERRORS as error:
            raise broken(error) from None

    async def aclose(self) -> None:
        self._answer.close()


class Outline(msgspec.Struct):
    """As much of a plain answer as tells an answer from an error sent with status 200."""

    id: object = None
    error: object = None


OUTLINE = msgspec.json.Decoder(Outline)


async def begin_reply(answer: Answer, *, protocol: str, stream: bool) -> HttpReply:
    """The reply, once the answer has begun and looks like one. Raises BackendError, and then has closed the answer.

    Only a stream that was asked for as one (`stream`) may be of any length and last: the rest is read to its end here.
    """
    try:
        return await begun(answer, protocol=protocol, stream=stream)
    except READ_ERRORS as error:
        answer.close()
        raise broken(error) from None
    except BaseException:
        answer.close()
        raise


async def begun(answer: Answer, *, protocol: str, stream: bool) -> HttpReply:
    headers = answer.headers()
    told = dict(headers)
    content_type = told.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in ("text/html", "application/xhtml+xml"):
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream answered with a web page.")
    is_stream = content_type == "text/event-stream"
    lasts = stream and is_stream
    read = decoded(answer.read, told.get("content-encoding", ""))
    first = await (read() if lasts else collected(read))
    if not first:
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream's answer is empty.")
    if not is_stream:
        check_plain(first)
    kept = to_client(headers, protocol=protocol)
    return HttpReply(answer, headers=kept, is_stream=is_stream, first=first, rest=read if lasts else None)


async def collected(read: Read) -> bytes:
    """Raises BackendError for too many."""
    parts: list[bytes] = []
    size = 0
    while chunk := await read():
        parts.append(chunk)
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream's answer is too long.")
    return b"".join(parts)


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
