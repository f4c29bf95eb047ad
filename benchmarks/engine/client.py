"""A client of a streamed chat that costs little: raw connections, and no JSON is read while answers come."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

CONTENT = re.compile(rb'"content": ?"(?!")')
PROMPT, WRITTEN = re.compile(rb'"prompt_tokens": ?(\d+)'), re.compile(rb'"completion_tokens": ?(\d+)')
DONE = b"data: [DONE]"
LONGEST_MARK = 64
ANSWER_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Server:
    """`model` is the name it knows the measured one by."""

    name: str
    url: str
    key: str
    model: str


@dataclass(frozen=True, slots=True)
class Answer:
    """When it was asked for, when its first text came and when its end, in seconds on one clock; its usage."""

    asked: float
    first: float
    ended: float
    prompt: int
    tokens: int

    @property
    def waited(self) -> float:
        return self.first - self.asked


class BadAnswer(Exception):
    """The server did not write what was asked for."""


class Reader(asyncio.Protocol):
    """One connection, one request: sent as soon as it is connected, read until the stream's end."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._parts: list[bytes] = []
        self._last = b""
        self.asked = time.perf_counter()
        self.first: float | None = None
        self.ended: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    @property
    def received(self) -> bytes:
        return b"".join(self._parts)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.WriteTransport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        # What is looked for may lie across the border of two reads.
        joined = self._last + data
        self._last = joined[-LONGEST_MARK:]
        if self.first is None and CONTENT.search(joined):
            self.first = time.perf_counter()
        if DONE in joined and not self.ended.done():
            self.ended.set_result(time.perf_counter())

    def connection_lost(self, _: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(BadAnswer(f"no end: {self.received[:400]!r} ... {self.received[-200:]!r}"))


async def ask(server: Server, text: str, *, tokens: int, **more: Any) -> Answer:
    """Raises BadAnswer, also where there are fewer tokens than were asked for."""
    place = urlsplit(server.url)
    assert place.hostname
    assert place.port
    transport, reader = await asyncio.get_running_loop().create_connection(
        lambda: Reader(request(server, text, tokens, **more)), place.hostname, place.port
    )
    try:
        ended = await asyncio.wait_for(reader.ended, ANSWER_SECONDS)
    finally:
        transport.close()
    received = reader.received
    prompt, written = PROMPT.search(received), WRITTEN.search(received)
    if reader.first is None or prompt is None or written is None or int(written[1]) != tokens:
        raise BadAnswer(f"{server.name} wrote something else: {received[:400]!r} ... {received[-400:]!r}")
    return Answer(reader.asked, reader.first, ended, int(prompt[1]), int(written[1]))


async def ask_all(server: Server, texts: Sequence[str], *, tokens: int, seeded: bool = False) -> list[Answer]:
    """All at once; seeded: each with a seed of its own, and drawn at temperature 1."""
    more = [{"temperature": 1, "seed": number} if seeded else {} for number in range(len(texts))]
    asking = [ask(server, text, tokens=tokens, **each) for text, each in zip(texts, more, strict=True)]
    return list(await asyncio.gather(*asking))


def request(server: Server, text: str, tokens: int, **more: Any) -> bytes:
    asked = {"model": server.model, "messages": [{"role": "user", "content": text}], "max_tokens": tokens}
    options = {"temperature": 0, "stream": True, "stream_options": {"include_usage": True}}
    body = json.dumps(asked | options | more).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\n"
        f"host: {urlsplit(server.url).netloc}\r\n"
        f"authorization: Bearer {server.key}\r\n"
        "content-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
