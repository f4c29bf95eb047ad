"""Answers as a simple client reads them, whole or assembled from a stream, by rules of these tests' own.

Neither the product's parsers nor the vendors' are used: what all three agree on is so.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.inference.exchanges import ANTHROPIC, OPENAI

ENDS = {
    "stop": "end",
    "length": "too long",
    "tool_calls": "calls",
    "content_filter": "refused",
    "end_turn": "end",
    "stop_sequence": "end",
    "max_tokens": "too long",
    "model_context_window_exceeded": "too long",
    "tool_use": "calls",
    "refusal": "refused",
}


@dataclass(frozen=True)
class Counted:
    """Tokens. `prompt` is all of it: what was read from a cache or written to one is part."""

    prompt: int
    cached: int
    written: int
    output: int
    reasoning: int


@dataclass(frozen=True)
class Said:
    """What an answer says, whichever protocol it is in. A call is its name and its arguments."""

    text: str
    thinking: str
    calls: tuple[tuple[str, Any], ...]
    ended: str | None
    counted: Counted


def said(protocol: str, answer: dict[str, Any]) -> Said:
    return {OPENAI: openai_said, ANTHROPIC: anthropic_said}[protocol](answer)


def assembled(protocol: str, stream: bytes) -> dict[str, Any]:
    """The whole answer that a stream amounts to, in the protocol's own shape."""
    return {OPENAI: openai_assembled, ANTHROPIC: anthropic_assembled}[protocol](stream)


def payloads(stream: bytes) -> Iterator[dict[str, Any]]:
    """The JSON of each event, up to OpenAI's mark."""
    for line in stream.replace(b"\r\n", b"\n").split(b"\n"):
        if line == b"data: [DONE]":
            return
        if line.startswith(b"data:"):
            yield json.loads(line.removeprefix(b"data:"))


def arguments_of(text: str) -> Any:
    """What was cut in the middle stays the text it is."""
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text


# OpenAI.


def openai_said(answer: dict[str, Any]) -> Said:
    (choice,) = answer["choices"]
    message = choice["message"]
    usage = answer.get("usage") or {}
    prompt, completion = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    return Said(
        text=(message.get("content") or "") + own_refusal(choice),
        thinking=message.get("reasoning_content") or "",
        calls=tuple(
            (call["function"]["name"], arguments_of(call["function"]["arguments"]))
            for call in message.get("tool_calls") or ()
        ),
        ended=ENDS[choice["finish_reason"]],
        counted=Counted(
            usage.get("prompt_tokens") or 0,
            prompt.get("cached_tokens") or 0,
            prompt.get("cache_write_tokens") or 0,
            usage.get("completion_tokens") or 0,
            completion.get("reasoning_tokens") or 0,
        ),
    )


def own_refusal(choice: dict[str, Any]) -> str:
    """The model's words of refusal; behind `content_filter` they are the gateway's."""
    return "" if choice["finish_reason"] == "content_filter" else choice["message"].get("refusal") or ""


def openai_assembled(stream: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = {"object": "chat.completion"}
    choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant"}, "finish_reason": None}
    for chunk in payloads(stream):
        answer |= {name: chunk[name] for name in ("id", "created", "model") if name in chunk}
        # The tier matters with the counts, which cost by it.
        answer |= {"service_tier": chunk["service_tier"]} if chunk.get("usage") and "service_tier" in chunk else {}
        answer["usage"] = chunk.get("usage") or answer.get("usage")
        for piece in chunk.get("choices") or ():
            extend(choice["message"], piece["delta"])
            choice["finish_reason"] = piece.get("finish_reason") or choice["finish_reason"]
    return answer | {"choices": [choice]}


def extend(message: dict[str, Any], delta: dict[str, Any]) -> None:
    for part in delta["content"] if isinstance(delta.get("content"), list) else ():
        if part["type"] == "text":
            message["content"] = message.get("content", "") + part["text"]
        for thought in part.get("thinking") or ():
            message["reasoning_content"] = message.get("reasoning_content", "") + thought["text"]
    for name in ("content", "reasoning_content", "refusal"):
        if isinstance(delta.get(name), str):
            message[name] = message.get(name, "") + delta[name]
    for piece in delta.get("tool_calls") or ():
        calls = message.setdefault("tool_calls", [])
        if piece["index"] == len(calls):
            calls.append({"type": "function", "function": {"name": "", "arguments": ""}})
        call, function = calls[piece["index"]], piece.get("function") or {}
        call |= {"id": piece["id"]} if piece.get("id") else {}
        for name in ("name", "arguments"):
            call["function"][name] += function.get(name) or ""
    for name in ("thinking_blocks", "annotations"):
        if name in delta:
            message[name] = delta[name]


# Anthropic.


def anthropic_said(answer: dict[str, Any]) -> Said:
    blocks, usage = answer["content"], answer.get("usage") or {}
    cached, written = usage.get("cache_read_input_tokens") or 0, usage.get("cache_creation_input_tokens") or 0
    return Said(
        text="".join(block["text"] for block in blocks if block["type"] == "text"),
        thinking="".join(block["thinking"] for block in blocks if block["type"] == "thinking"),
        calls=tuple((block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"),
        ended=ENDS[answer["stop_reason"]],
        counted=Counted(
            (usage.get("input_tokens") or 0) + cached + written,
            cached,
            written,
            usage.get("output_tokens") or 0,
            (usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0,
        ),
    )


def anthropic_assembled(stream: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    blocks: list[dict[str, Any]] = []
    # By index the last block of it: Anthropic has given one twice.
    opened: dict[int, dict[str, Any]] = {}
    for event in payloads(stream):
        match event["type"]:
            case "message_start":
                answer = dict(event["message"])
            case "content_block_start":
                opened[event["index"]] = dict(event["content_block"])
                blocks.append(opened[event["index"]])
            case "content_block_delta":
                grow(opened[event["index"]], event["delta"])
            case "message_delta":
                answer |= {name: value for name, value in event["delta"].items() if value is not None}
                told = {name: value for name, value in event["usage"].items() if value is not None}
                answer["usage"] = (answer.get("usage") or {}) | told
    return answer | {"content": [finished(block) for block in blocks]}


def finished(block: dict[str, Any]) -> dict[str, Any]:
    pieces = block.pop("pieces", "")
    return block | {"input": arguments_of(pieces)} if pieces else block


def grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "input_json_delta":
            block["pieces"] = block.get("pieces", "") + delta["partial_json"]
