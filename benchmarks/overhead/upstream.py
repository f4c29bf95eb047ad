"""An upstream of both vendors' shape that costs next to nothing: every answer is made once and then only written.

The model's name says how it answers: `any-c100-p20` streams 100 chunks with 20 ms between them, `any-c1-hang` one chunk
and then nothing more, or nothing at all where no stream is asked for.
"""

import asyncio
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

# Once in each chunk, in either protocol, so that whoever counts need not read JSON.
MARK = b"%tok"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
MODEL = re.compile(rb'"model": ?"([^"]+)"')
STREAM = re.compile(rb'"stream": ?true')
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\nx-request-id: req_up\r\nrequest-id: req_up\r\n%b\r\n\r\n"
LAST = b"0\r\n\r\n"
# In bytes. Where a body is longer, its model and its `stream` are looked for at both ends alone.
LOOKED_AT = 2048


@dataclass(frozen=True, slots=True)
class Manner:
    chunks: int
    pause: float
    hangs: bool

    @classmethod
    def of(cls, model: str) -> "Manner":
        chunks, pause = re.search(r"-c(\d+)", model), re.search(r"-p(\d+)", model)
        return cls(int(chunks[1]) if chunks else 1, int(pause[1]) / 1000 if pause else 0.0, model.endswith("-hang"))


@dataclass(frozen=True, slots=True)
class Scripted:
    """`parts` are written one by one; the first with the head, the last with the end."""

    manner: Manner
    first: bytes
    parts: tuple[bytes, ...]
    last: bytes


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def packed(value: Any) -> bytes:  # Any: JSON.
    return json.dumps(value, separators=(",", ":")).encode()


@lru_cache
def script(is_messages: bool, model: str, stream: bool) -> Scripted:
    manner = Manner.of(model)
    words = [f"{MARK.decode()} {number}" for number in range(manner.chunks)]
    if not stream:
        body = packed(anthropic_answer(model, words) if is_messages else openai_answer(model, words))
        return Scripted(manner, HEAD % (b"application/json", b"content-length: %d" % len(body)) + body, (), b"")
    opening, parts, closing = anthropic_events(model, words) if is_messages else openai_events(model, words)
    head = HEAD % (b"text/event-stream", b"transfer-encoding: chunked")
    return Scripted(manner, head + chunked(opening), tuple(map(chunked, parts)), chunked(closing) + LAST)


def openai_answer(model: str, words: list[str]) -> dict[str, Any]:
    message = {"role": "assistant", "content": " ".join(words), "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": len(words), "total_tokens": 9 + len(words)},
    }


def openai_events(model: str, words: list[str]) -> tuple[bytes, list[bytes], bytes]:
    def event(delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        same = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": model}
        return b"data: %b\n\n" % packed({**same, "choices": [choice]})

    opening = event({"role": "assistant", "content": ""})
    return opening, [event({"content": word}) for word in words], event({}, "stop") + b"data: [DONE]\n\n"


def anthropic_answer(model: str, words: list[str]) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": " ".join(words)}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": len(words)},
    }


def anthropic_events(model: str, words: list[str]) -> tuple[bytes, list[bytes], bytes]:
    def event(kind: str, **more: Any) -> bytes:
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), packed({"type": kind, **more}))

    message = {**anthropic_answer(model, []), "content": [], "stop_reason": None}
    opening = event("message_start", message=message)
    opening += event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    parts = [event("content_block_delta", index=0, delta={"type": "text_delta", "text": word}) for word in words]
    closing = event("content_block_stop", index=0)
    stopped = {"stop_reason": "end_turn", "stop_sequence": None}
    closing += event("message_delta", delta=stopped, usage={"output_tokens": len(words)}) + event("message_stop")
    return opening, parts, closing


class Answering(asyncio.Protocol):
    def __init__(self, upstream: "Upstream") -> None:
        self.upstream = upstream
        self.received = bytearray()
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.upstream.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.upstream.open.discard(self)
        self.upstream.hanging.discard(self)
        if self.timer is not None:
            self.timer.cancel()

    def data_received(self, data: bytes) -> None:
        self.received += data
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = LENGTH.search(self.received, 0, end)
        if len(self.received) < end + 4 + int(length[1] if length else 0):
            return
        told = bytes(self.received[:LOOKED_AT] + self.received[-LOOKED_AT:])
        self.received.clear()
        model = MODEL.search(told)
        is_messages = b"/messages " in told[: told.index(b"\r\n")]
        self.answer(script(is_messages, model[1].decode() if model else "", STREAM.search(told) is not None))

    def answer(self, script: Scripted) -> None:
        if script.manner.hangs:
            self.upstream.hanging.add(self)
            if not script.parts:
                return
        self.transport.write(script.first)
        if script.parts:
            self.step(script, 0)

    def step(self, script: Scripted, number: int) -> None:
        """From the part of this number on: each by itself where there are pauses."""
        manner = script.manner
        if manner.hangs and number:
            return
        if number == len(script.parts):
            self.transport.write(script.last)
        elif manner.pause or manner.hangs:
            self.transport.write(script.parts[number])
            self.timer = asyncio.get_running_loop().call_later(manner.pause, self.step, script, number + 1)
        else:
            for part in script.parts:
                self.transport.write(part)
            self.transport.write(script.last)


class Upstream:
    """Listens on loopback until it is closed. `open` are its connections, `hanging` those that will hear no more."""

    def __init__(self) -> None:
        self.open: set[Answering] = set()
        self.hanging: set[Answering] = set()

    async def start(self) -> int:
        """The port."""
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: Answering(self), "127.0.0.1", 0, backlog=4096)
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        self.server.close()
        for connection in tuple(self.open):
            connection.transport.abort()
