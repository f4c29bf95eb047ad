"""One turn of the upstream behind the clients, written out as either vendor would: plain, streamed, or broken off."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from tests.answers import Answer, Received, events, plain, refusal
from tests.vendor_answers import (
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    anthropic_usage,
    openai_chunk,
    openai_usage,
    pieces,
)

type Json = dict[str, Any]

SIGNATURE = "c2lnbmF0dXJlLW9mLXRoZS11cHN0cmVhbQ=="
OVERLOADED = "The upstream is overloaded."
REFUSED = "The upstream does not like this request."
REFUSED_STATUS = 400
# Between the pieces of a stream that breaks, so that the client has its beginning when it does.
PAUSE = 0.02
USAGE = (INPUT_TOKENS, OUTPUT_TOKENS)


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: Json


@dataclass(frozen=True, slots=True)
class Turn:
    """`breaks` says how it fails: before its first byte, or, in a stream, by an error or by its end after the text."""

    text: str = ""
    thinking: str = ""
    calls: tuple[ToolCall, ...] = ()
    cut_short: bool = False
    breaks: Literal["", "refused", "error", "truncated"] = ""


def answer(turn: Turn, received: Received) -> Answer:
    request = received.json()
    if turn.breaks == "refused":
        return refusal(REFUSED_STATUS, refused(received))
    if received.target.partition("?")[0].endswith("/messages"):
        return broken(turn, anthropic_events(turn, request)) if request.get("stream") else plain(message(turn, request))
    return broken(turn, openai_events(turn, request)) if request.get("stream") else plain(completion(turn, request))


def refused(received: Received) -> Json:
    error = {"type": "invalid_request_error", "message": REFUSED}
    if "/messages" in received.target:
        return {"type": "error", "error": error}
    return {"error": {**error, "param": None, "code": None}}


def broken(turn: Turn, said: list[Json]) -> Answer:
    """A stream of the events, up to where the turn breaks it off. Anthropic's have a `type`, OpenAI's an end."""
    named = "type" in said[0]
    chunks = [(f"event: {event['type']}\n" if named else "").encode() + data(event) for event in said]
    if turn.breaks:
        chunks = chunks[: next(at for at, event in enumerate(said) if ends_text(event))]
    match turn.breaks:
        case "truncated":
            return events(*chunks, ending="close", pause=PAUSE)
        case "error" if named:
            error = {"type": "error", "error": {"type": "overloaded_error", "message": OVERLOADED}}
            return events(*chunks, b"event: error\n" + data(error), pause=PAUSE)
        case "error":
            error = {"error": {"message": OVERLOADED, "type": "server_error", "code": None}}
            return events(*chunks, data(error), pause=PAUSE)
    return events(*chunks, *([] if named else [b"data: [DONE]\n\n"]))


def data(event: Json) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()


def ends_text(event: Json) -> bool:
    return event.get("type") == "content_block_stop" or any(c["finish_reason"] for c in event.get("choices", []))


def completion(turn: Turn, request: Json) -> Json:
    said: Json = {"role": "assistant", "content": turn.text or None, "refusal": None}
    if turn.thinking:
        said["reasoning_content"] = turn.thinking
    if turn.calls:
        said["tool_calls"] = [openai_call(call) for call in turn.calls]
    return {
        "id": "chatcmpl-upstream1",
        "object": "chat.completion",
        "created": 1790000000,
        "model": request["model"],
        "choices": [{"index": 0, "message": said, "logprobs": None, "finish_reason": finish_reason(turn)}],
        "usage": openai_usage(),
    }


def openai_events(turn: Turn, request: Json) -> list[Json]:
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": piece} for piece in pieces(turn.thinking)]
    deltas += [{"content": piece} for piece in pieces(turn.text)]
    for index, call in enumerate(turn.calls):
        whole = openai_call(call)
        deltas.append({"tool_calls": [{"index": index, **whole, "function": {"name": call.name, "arguments": ""}}]})
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
            for piece in pieces(whole["function"]["arguments"])
        ]
    choices: list[Json] = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "logprobs": None, "finish_reason": finish_reason(turn)})
    chunks = [openai_chunk(request, choices=[choice]) for choice in choices]
    if (request.get("stream_options") or {}).get("include_usage"):
        chunks.append(openai_chunk(request, choices=[], usage=openai_usage()))
    return chunks


def openai_call(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": json.dumps(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def finish_reason(turn: Turn) -> str:
    return "length" if turn.cut_short else "tool_calls" if turn.calls else "stop"


def message(turn: Turn, request: Json) -> Json:
    return {
        "id": "msg_upstream1",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": blocks(turn),
        "stop_reason": "max_tokens" if turn.cut_short else "tool_use" if turn.calls else "end_turn",
        "stop_sequence": None,
        "usage": anthropic_usage(OUTPUT_TOKENS),
    }


def blocks(turn: Turn) -> list[Json]:
    thinking = [{"type": "thinking", "thinking": turn.thinking, "signature": SIGNATURE}] if turn.thinking else []
    text = [{"type": "text", "text": turn.text}] if turn.text else []
    calls = [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in turn.calls]
    return [*thinking, *text, *calls]


def anthropic_events(turn: Turn, request: Json) -> list[Json]:
    whole = message(turn, request)
    start = {**whole, "content": [], "stop_reason": None, "usage": anthropic_usage(1)}
    said: list[Json] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(whole["content"]):
        empty, deltas = in_pieces(block)
        said.append({"type": "content_block_start", "index": index, "content_block": empty})
        said += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        said.append({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    said.append({"type": "message_delta", "delta": ended, "usage": {"output_tokens": OUTPUT_TOKENS}})
    return [*said, {"type": "message_stop"}]


def in_pieces(block: Json) -> tuple[Json, list[Json]]:
    """The block as it starts, and the deltas that fill it."""
    match block["type"]:
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": SIGNATURE})
            return {"type": "thinking", "thinking": "", "signature": ""}, deltas
        case "text":
            return {"type": "text", "text": ""}, [{"type": "text_delta", "text": p} for p in pieces(block["text"])]
        case _:
            parts = pieces(json.dumps(block["input"]))
            return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": part} for part in parts]
