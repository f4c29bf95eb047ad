"""Neutral events to the stream that a messages client reads: blocks without gaps, one open at a time."""

from typing import assert_never

import msgspec
from msgspec.structs import replace

from inference import ir, sse
from inference.ir import JSON
from inference.protocols.anthropic_messages.answers import STOP_REASONS, stop_details_of
from inference.protocols.anthropic_messages.own_thinking import OWN_SIGNATURE
from inference.protocols.anthropic_messages.responses import message_id
from inference.protocols.anthropic_messages.usage import render_usage
from inference.protocols.codec import Answering
from inference.protocols.names import derived_id

PING = sse.encode("ping", b'{"type":"ping"}')
KEEPALIVE = PING
# Characters of white space.
MOST_HELD = 4096
STOP = sse.encode("message_stop", b'{"type":"message_stop"}')

encode = msgspec.json.encode


class StreamRenderer:
    """What the deltas of one block share is encoded once, when the block begins."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._started = False
        self._open = ""
        self._index = -1
        self._signed = False
        self._held = ""
        self._delta_head = b""

    def render(self, events: ir.Events) -> bytes:
        if len(events) == 1:
            return self._rendered(events[0])
        return b"".join([self._rendered(event) for event in events])

    def _rendered(self, event: ir.Event) -> bytes:
        match event:
            case ir.TextDelta(text=text):
                return self._text(text) if text else b""
            case ir.ThinkingDelta(text=text):
                return self._thinking(text) if text else b""
            case ir.ToolDelta(json=piece):
                return self._delta(piece) if piece else b""
            case ir.Started(usage=usage):
                return self._start(usage)
            case ir.Ping():
                return PING
            case ir.Cited():
                return b""
            case ir.ToolStarted(id=identifier, name=name):
                return self._tool(identifier, name)
            case ir.ThinkingSigned(signature=signature):
                return self._sign(signature) if self._answering.shows_reasoning else b""
            case ir.ThinkingRedacted(data=data):
                return self._redacted(data) if self._answering.shows_reasoning else b""
            case ir.Finished():
                return self._finish(event)
            case _:
                assert_never(event)

    def _start(self, usage: ir.Usage) -> bytes:
        if self._started:
            return b""
        self._started = True
        answering = self._answering
        message: dict[str, JSON] = {
            "id": message_id(answering),
            "type": "message",
            "role": "assistant",
            "model": answering.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            # Until the backend says, what the prompt is taken for.
            "usage": render_usage(usage if usage.input_tokens else replace(usage, input_tokens=answering.input_tokens)),
        }
        return sse.encode("message_start", encode({"type": "message_start", "message": message})) + PING

    def _text(self, text: str) -> bytes:
        if self._open == "text":
            return self._delta(text)
        if self._open == "tool_use" and not text.strip():
            # White space behind a call is no block of its own unless words follow.
            self._held = (self._held + text)[:MOST_HELD]
            return b""
        begun = self._begin("text", {"type": "text", "text": ""}, b"text_delta", b"text")
        text, self._held = self._held + text, ""
        return begun + self._delta(text)

    def _thinking(self, text: str) -> bytes:
        if not self._answering.shows_reasoning:
            return b""
        block = {"type": "thinking", "thinking": "", "signature": ""}
        return self._switch("thinking", block, b"thinking_delta", b"thinking") + self._delta(text)

    def _tool(self, identifier: str, name: str) -> bytes:
        given = identifier or derived_id("toolu_", self._answering.request_id, self._index)
        block = {"type": "tool_use", "id": given, "name": name, "input": {}}
        return self._begin("tool_use", block, b"input_json_delta", b"partial_json")

    def _sign(self, signature: str) -> bytes:
        """A signature alone is a block too: its text was kept back by the provider."""
        block = {"type": "thinking", "thinking": "", "signature": ""}
        return (
            self._switch("thinking", block, b"thinking_delta", b"thinking") + self._signature(signature) + self._stop()
        )

    def _redacted(self, data: str) -> bytes:
        return self._begin("redacted_thinking", {"type": "redacted_thinking", "data": data}, b"", b"") + self._stop()

    def _switch(self, kind: str, block: JSON, delta: bytes, field: bytes) -> bytes:
        return b"" if self._open == kind else self._begin(kind, block, delta, field)

    def _begin(self, kind: str, block: JSON, delta: bytes, field: bytes) -> bytes:
        """Close what is open and begin a block, whose deltas are of one type."""
        before = self._stop() if self._started else self._start(ir.Usage())
        self._open = kind
        self._index += 1
        self._signed = False
        self._held = "" if kind != "text" else self._held
        self._delta_head = (
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'
            % (self._index, delta, field)
        )
        start = {"type": "content_block_start", "index": self._index, "content_block": block}
        return before + sse.encode("content_block_start", encode(start))

    def _delta(self, piece: str) -> bytes:
        return b"%b%b}}\n\n" % (self._delta_head, encode(piece))

    def _signature(self, signature: str) -> bytes:
        self._signed = True
        delta = {"type": "signature_delta", "signature": signature}
        event = {"type": "content_block_delta", "index": self._index, "delta": delta}
        return sse.encode("content_block_delta", encode(event))

    def _stop(self) -> bytes:
        if not self._open:
            return b""
        unsigned = self._open == "thinking" and not self._signed
        last = self._signature(OWN_SIGNATURE) if unsigned else b""
        self._open = ""
        return last + sse.encode("content_block_stop", b'{"type":"content_block_stop","index":%d}' % self._index)

    def _finish(self, event: ir.Finished) -> bytes:
        before = self._stop() if self._started else self._start(ir.Usage())
        delta = {
            "stop_reason": STOP_REASONS[event.stop_reason],
            "stop_sequence": event.stop_sequence,
            "stop_details": stop_details_of(event.stop_reason, event.explanation),
        }
        end = {"type": "message_delta", "delta": delta, "usage": render_usage(event.usage)}
        return before + sse.encode("message_delta", encode(end)) + STOP
