"""Neutral events to the stream of chunks that a chat completions client reads."""

from typing import assert_never

import msgspec

from inference import ir
from inference.ir import JSON
from inference.protocols.codec import Answering
from inference.protocols.openai_chat.answers import FINISH_REASONS, REFUSAL
from inference.protocols.openai_chat.responses import completion_id, render_native_thinking
from inference.protocols.openai_chat.usage import render_usage

KEEPALIVE = b": keepalive\n\n"
PING = b": ping\n\n"
DONE = b"data: [DONE]\n\n"

encode = msgspec.json.encode


class StreamRenderer:
    """What all chunks share is encoded once."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._started = False
        self._head = b""
        self._tail = b',"logprobs":null,"finish_reason":null}]}\n\n'
        if answering.include_usage:
            self._tail = b',"logprobs":null,"finish_reason":null}],"usage":null}\n\n'
        self._calls = -1
        self._awaits_arguments = False
        self._thinking: list[str] = []
        self._native: list[ir.Block] = []

    def render(self, events: ir.Events) -> bytes:
        return b"".join([self._rendered(event) for event in events])

    def _rendered(self, event: ir.Event) -> bytes:
        match event:
            case ir.TextDelta(text=text):
                return self._chunk(b'{"content":%b}' % encode(text)) if text else b""
            case ir.ToolDelta(json=piece):
                return self._arguments(piece) if piece else b""
            case ir.ThinkingDelta(text=text):
                return self._think(text) if text else b""
            case ir.Started(id=identifier):
                return self._start(identifier)
            case ir.Ping():
                return PING
            case ir.Cited():
                return b""
            case ir.ToolStarted(id=identifier, name=name):
                return self._call(identifier, name)
            case ir.ThinkingSigned(signature=signature):
                self._native.append(ir.Thinking("".join(self._thinking), signature))
                self._thinking.clear()
                return b""
            case ir.ThinkingRedacted(data=data):
                self._native.append(ir.RedactedThinking(data))
                return b""
            case ir.Finished():
                return self._finish(event)
            case _:
                assert_never(event)

    def _start(self, identifier: str) -> bytes:
        if self._started:
            return b""
        self._started = True
        answering = self._answering
        self._head = b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b,"choices":[' % (
            encode(completion_id(identifier, answering)),
            answering.created,
            encode(answering.model),
        )
        return self._chunk(b'{"role":"assistant","content":""}')

    def _chunk(self, delta: bytes) -> bytes:
        """A chunk with this delta, behind what has to come before it."""
        before = b"" if self._started else self._start("")
        if self._awaits_arguments:
            # A call without arguments must not end as an empty string, which is no JSON.
            before += self._arguments("{}")
        return b'%b%b{"index":0,"delta":%b%b' % (before, self._head, delta, self._tail)

    def _think(self, text: str) -> bytes:
        if not self._answering.shows_reasoning:
            return b""
        self._thinking.append(text)
        return self._chunk(b'{"reasoning_content":%b}' % encode(text))

    def _call(self, identifier: str, name: str) -> bytes:
        chunk = self._chunk(
            b'{"tool_calls":[{"index":%d,"id":%b,"type":"function","function":{"name":%b,"arguments":""}}]}'
            % (self._calls + 1, encode(identifier), encode(name))
        )
        self._calls += 1
        self._awaits_arguments = True
        return chunk

    def _arguments(self, piece: str) -> bytes:
        self._awaits_arguments = False
        return self._chunk(b'{"tool_calls":[{"index":%d,"function":{"arguments":%b}}]}' % (self._calls, encode(piece)))

    def _finish(self, event: ir.Finished) -> bytes:
        before = b"" if self._started else self._start("")
        if self._awaits_arguments:
            before += self._arguments("{}")
        choice = encode(
            {
                "index": 0,
                "delta": self._last_delta(event.stop_reason),
                "logprobs": None,
                "finish_reason": FINISH_REASONS[event.stop_reason],
            }
        )
        if not self._answering.include_usage:
            return b"%b%b%b]}\n\n%b" % (before, self._head, choice, DONE)
        usage = encode(render_usage(event.usage))
        return b'%b%b%b],"usage":null}\n\n%b],"usage":%b}\n\n%b' % (before, self._head, choice, self._head, usage, DONE)

    def _last_delta(self, stop_reason: ir.StopReason) -> dict[str, JSON]:
        delta: dict[str, JSON] = {}
        if stop_reason == "refusal":
            delta["refusal"] = REFUSAL
        if self._native and self._answering.shows_reasoning:
            # Once and whole, and with an index: the SDK's accumulator fails on list entries without.
            rendered = [render_native_thinking(block) for block in self._native]
            delta["thinking_blocks"] = [{"index": index} | block for index, block in enumerate(rendered) if block]
        return delta
