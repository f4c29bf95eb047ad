"""Neutral events to the stream of chunks that a chat completions client reads."""

from collections.abc import Iterable
from typing import assert_never

import msgspec

from inference import ir
from inference.errors import BackendError, Kind
from inference.ir import JSON
from inference.protocols import arguments
from inference.protocols.codec import Answering
from inference.protocols.openai_chat import calls
from inference.protocols.openai_chat.answers import REFUSAL, finish_reason_of
from inference.protocols.openai_chat.logprobs import render_tokens
from inference.protocols.openai_chat.responses import completion_id, render_annotation, render_native_thinking
from inference.protocols.openai_chat.usage import render_usage

KEEPALIVE = b": keepalive\n\n"
PING = b": ping\n\n"
DONE = b"data: [DONE]\n\n"
# Characters of thinking, which goes out once more, signed, with the end, and of a custom tool's input.
MOST_KEPT = 16 * 1024**2

encode = msgspec.json.encode


class StreamRenderer:
    """What all chunks share is encoded once. `closes`: the stream ends with this answer, else with `close`."""

    def __init__(self, answering: Answering, *, index: int = 0, closes: bool = True) -> None:
        self._answering = answering
        self._index = index
        self._closes = closes
        self._started = False
        self._head = b""
        self._choice = b""
        self._tail = b',"logprobs":null,"finish_reason":null}]}\n\n'
        if answering.include_usage:
            self._tail = b',"logprobs":null,"finish_reason":null}],"usage":null}\n\n'
        self._calls = -1
        self._form: calls.Form = "function"
        # Whether the call that is open still needs its end, and what it was called with where it goes out at once.
        self._is_owed = False
        self._input: list[str] = []
        self._thinking: list[str] = []
        self._kept = 0
        self._native: list[ir.Block] = []
        self._annotations: list[dict[str, JSON]] = []

    def render(self, events: ir.Events) -> bytes:
        if len(events) == 1:
            return self._rendered(events[0])
        return b"".join([self._rendered(event) for event in events])

    def _rendered(self, event: ir.Event) -> bytes:
        match event:
            case ir.TextDelta(text=text, tokens=()):
                return self._chunk(b'{"content":%b}' % encode(text)) if text else b""
            case ir.TextDelta(text=text, tokens=tokens):
                return self._chunk(b'{"content":%b}' % encode(text), logprobs=encode(render_tokens(tokens)))
            case ir.ToolDelta(json=piece):
                return self._arguments(piece) if piece else b""
            case ir.ThinkingDelta(text=text):
                return self._think(text) if text else b""
            case ir.Started(id=identifier):
                return self._start(identifier)
            case ir.Ping():
                return PING
            case ir.Cited():
                self._annotations.append(render_annotation(event))
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
        self._choice = b'%b{"index":%d,"delta":' % (self._head, self._index)
        return self._chunk(b'{"role":"assistant","content":""}')

    def _chunk(self, delta: bytes, *, logprobs: bytes | None = None) -> bytes:
        """A chunk with this delta, behind what has to come before it."""
        before = b"" if self._started else self._start("")
        if self._is_owed:
            before += self._end_call()
        tail = self._tail if logprobs is None else self._tail.replace(b"null", logprobs, 1)
        return b"%b%b%b%b" % (before, self._choice, delta, tail)

    def _think(self, text: str) -> bytes:
        if not self._answering.shows_reasoning:
            return b""
        self._keep(self._thinking, text)
        return self._chunk(b'{"reasoning_content":%b}' % encode(text))

    def _keep(self, kept: list[str], text: str) -> None:
        kept.append(text)
        self._kept += len(text)
        if self._kept > MOST_KEPT:
            raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream's answer is too long.")

    def _call(self, identifier: str, name: str) -> bytes:
        before = self._end_call() if self._is_owed else b""
        self._calls += 1
        self._form = calls.form_of(name, self._answering)
        if self._is_superfluous():
            return before
        chunk = self._chunk(calls.begun(self._form, self._calls, identifier=identifier, name=name))
        self._is_owed = True
        return before + chunk

    def _is_superfluous(self) -> bool:
        return self._form == "legacy" and self._calls > 0

    def _arguments(self, piece: str) -> bytes:
        if self._form == "custom":
            self._keep(self._input, piece)
            return b""
        if self._is_superfluous():
            return b""
        self._is_owed = False
        return self._chunk(calls.continued(self._form, self._calls, piece))

    def _end_call(self) -> bytes:
        """A call without arguments must not end as an empty string, which is no JSON; a custom tool's input is told
        only now, because it lies inside the arguments.
        """
        self._is_owed = False
        if self._form != "custom":
            return self._chunk(calls.continued(self._form, self._calls, "{}"))
        given, self._input = "".join(self._input), []
        return self._chunk(calls.continued("custom", self._calls, calls.plain_input(arguments.parse(given))))

    def _finish(self, event: ir.Finished) -> bytes:
        before = b"" if self._started else self._start("")
        if self._is_owed:
            before += self._end_call()
        choice = encode(
            {
                "index": self._index,
                "delta": self._last_delta(event),
                "logprobs": None,
                "finish_reason": finish_reason_of(event.stop_reason, legacy=self._answering.legacy_functions),
            }
        )
        counts = b',"usage":null' if self._answering.include_usage else b""
        closing = self.close(event.usage) if self._closes else b""
        return b"%b%b%b]%b%b}\n\n%b" % (before, self._head, choice, counts, tier_of(event.usage), closing)

    def close(self, usage: ir.Usage) -> bytes:
        """The end of the stream, behind that of the last answer."""
        if not self._answering.include_usage:
            return DONE
        return b'%b],"usage":%b%b}\n\n%b' % (self._head, encode(render_usage(usage)), tier_of(usage), DONE)

    def _last_delta(self, event: ir.Finished) -> dict[str, JSON]:
        """Lists go out once and whole, each entry with an index: the SDK's accumulator fails on what has none."""
        delta: dict[str, JSON] = {}
        if event.stop_reason == "refusal":
            delta["refusal"] = event.explanation or REFUSAL
        if self._native and self._answering.shows_reasoning:
            delta["thinking_blocks"] = indexed(
                rendered for block in self._native if (rendered := render_native_thinking(block)) is not None
            )
        if self._annotations:
            delta["annotations"] = indexed(self._annotations)
        return delta


def tier_of(usage: ir.Usage) -> bytes:
    return b',"service_tier":%b' % encode(usage.service_tier) if usage.service_tier else b""


def indexed(entries: Iterable[dict[str, JSON]]) -> list[dict[str, JSON]]:
    return [{"index": index} | entry for index, entry in enumerate(entries)]
