"""What an upstream says, in its vendor's shapes, piece by piece: whole answers, streams, and parts of streams."""

import json
from typing import Any

from tests.answers import Answer, events, plain

OPENAI_USAGE = {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16}
ANTHROPIC_USAGE = {
    "input_tokens": 12, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 4
}  # fmt: skip
DONE = b"data: [DONE]\n\n"

type Json = dict[str, Any]


def chunk(delta: Json | None = None, *, finish: str | None = None, **rest: Any) -> bytes:
    """A chunk of an OpenAI stream; without a delta it has no choice."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    whole = {
        "id": "chatcmpl-up1", "object": "chat.completion.chunk", "created": 1790000000, "model": "gpt-4.1",
        "choices": choices,
    }  # fmt: skip
    return data({**whole, **rest})


def data(content: object) -> bytes:
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n".encode()


ROLE = chunk({"role": "assistant", "content": "", "refusal": None})


def deltas(*given: Json, finish: str | None = "stop", usage: Json | None = None) -> tuple[bytes, ...]:
    """A whole OpenAI stream; without a finish reason it is cut before it."""
    parts = [ROLE, *(chunk(delta) for delta in given)]
    if finish:
        parts += [chunk({}, finish=finish), chunk(usage=usage or OPENAI_USAGE), DONE]
    return tuple(parts)


def said(*given: Json, finish: str | None = "stop", usage: Json | None = None, **rest: Any) -> Answer:
    return events(*deltas(*given, finish=finish, usage=usage), **rest)


def call(index: int, call_id: str, name: str, arguments: str | None = "") -> Json:
    """The delta that begins a tool call."""
    function: Json = {"name": name} | ({} if arguments is None else {"arguments": arguments})
    return {"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]}


def more(index: int, arguments: str) -> Json:
    return {"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}


def completion(message: Json, *, finish: str = "stop", usage: Json | None = None) -> Json:
    choice = {"index": 0, "message": {"role": "assistant", "refusal": None, **message}, "finish_reason": finish}
    return {
        "id": "chatcmpl-up1", "object": "chat.completion", "created": 1790000000, "model": "gpt-4.1",
        "choices": [{**choice, "logprobs": None}], "usage": usage or OPENAI_USAGE,
    }  # fmt: skip


def tool_call(call_id: str, name: str, arguments: str) -> Json:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def event(name: str, **rest: Any) -> bytes:
    return f"event: {name}\n".encode() + data({"type": name, **rest})


def begin(usage: Json | None = None) -> bytes:
    return event(
        "message_start", message=message((), stop=None, usage={**(usage or ANTHROPIC_USAGE), "output_tokens": 1})
    )


def message(content: tuple[Json, ...], *, stop: str | None = "end_turn", usage: Json | None = None) -> Json:
    return {
        "id": "msg_up1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": list(content), "stop_reason": stop, "stop_sequence": None, "usage": usage or ANTHROPIC_USAGE,
    }  # fmt: skip


def end(stop: str = "end_turn", *, usage: Json | None = None) -> bytes:
    delta = {"stop_reason": stop, "stop_sequence": None}
    return event("message_delta", delta=delta, usage=usage or {"output_tokens": 4}) + event("message_stop")


def block(index: int, start: Json, *parts: Json) -> bytes:
    events_of_it = [event("content_block_delta", index=index, delta=part) for part in parts]
    begins, ends = (
        event("content_block_start", index=index, content_block=start),
        event("content_block_stop", index=index),
    )
    return b"".join([begins, *events_of_it, ends])


def text(index: int, *parts: str) -> bytes:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": part} for part in parts))


def thinking(index: int, *parts: str, signature: str = "sig+/=") -> bytes:
    thoughts = ({"type": "thinking_delta", "thinking": part} for part in parts)
    signed = {"type": "signature_delta", "signature": signature}
    return block(index, {"type": "thinking", "thinking": "", "signature": ""}, *thoughts, signed)


def tool(index: int, call_id: str, name: str, *parts: str) -> bytes:
    fragments = ({"type": "input_json_delta", "partial_json": part} for part in parts)
    return block(index, {"type": "tool_use", "id": call_id, "name": name, "input": {}}, *fragments)


def spoken(*parts: bytes, stop: str | None = "end_turn", usage: Json | None = None, **rest: Any) -> Answer:
    """A whole Anthropic stream; without a stop reason it is cut before it."""
    return events(begin(), *parts, *([end(stop, usage=usage)] if stop else []), **rest)


def openai_error(status: int, words: str, *, kind: str = "invalid_request_error", code: str | None = None) -> Answer:
    return plain({"error": {"message": words, "type": kind, "param": None, "code": code}}, status=status)


def anthropic_error(status: int, words: str, *, kind: str = "invalid_request_error") -> Answer:
    return plain({"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_up1"}, status=status)
