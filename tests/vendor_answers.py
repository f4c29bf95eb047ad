"""What OpenAI's and Anthropic's servers would answer, in their shapes: a text, or a call of `get_weather`.

The call comes where tools are offered and the last user text mentions the weather.
"""

import json
from typing import Any

TEXT = "Hello from upstream"
TOOL_INPUT = '{"city": "Paris"}'
INPUT_TOKENS = 12
OUTPUT_TOKENS = 4


def openai_chat(request: dict[str, Any]) -> dict[str, Any]:
    calls = wants_weather(request)
    message: dict[str, Any] = {"role": "assistant", "content": None if calls else TEXT, "refusal": None}
    if calls:
        function = {"name": "get_weather", "arguments": TOOL_INPUT}
        message["tool_calls"] = [{"id": "call_upstream1", "type": "function", "function": function}]
    return {
        "id": "chatcmpl-upstream1",
        "object": "chat.completion",
        "created": 1790000000,
        "model": request["model"],
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls" if calls else "stop"}
        ],
        "usage": openai_usage(),
        "system_fingerprint": "fp_upstream",
    }


def openai_chat_events(request: dict[str, Any]) -> list[bytes]:
    calls = wants_weather(request)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None if calls else "", "refusal": None}]
    if calls:
        function = {"name": "get_weather", "arguments": ""}
        deltas.append({"tool_calls": [{"index": 0, "id": "call_upstream1", "type": "function", "function": function}]})
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": part}}]} for part in pieces(TOOL_INPUT)]
    else:
        deltas += [{"content": part} for part in pieces(TEXT)]
    choices: list[dict[str, Any]] = [
        {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None} for delta in deltas
    ]
    choices.append({"index": 0, "delta": {}, "logprobs": None, "finish_reason": "tool_calls" if calls else "stop"})
    chunks = [openai_chunk(request, choices=[choice]) for choice in choices]
    if (request.get("stream_options") or {}).get("include_usage"):
        chunks.append(openai_chunk(request, choices=[], usage=openai_usage()))
    return [*(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks), b"data: [DONE]\n\n"]


def openai_chunk(request: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-upstream1",
        "object": "chat.completion.chunk",
        "created": 1790000000,
        "model": request["model"],
        "system_fingerprint": "fp_upstream",
        **rest,
    }


def openai_usage() -> dict[str, Any]:
    return {
        "prompt_tokens": INPUT_TOKENS,
        "completion_tokens": OUTPUT_TOKENS,
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }


def openai_embeddings(request: dict[str, Any]) -> dict[str, Any]:
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": i, "embedding": [0.25, -0.5]} for i in range(len(texts))],
        "model": request["model"],
        "usage": {"prompt_tokens": INPUT_TOKENS, "total_tokens": INPUT_TOKENS},
    }


def anthropic_message(request: dict[str, Any]) -> dict[str, Any]:
    calls = wants_weather(request)
    block: dict[str, Any] = {"type": "text", "text": TEXT}
    if calls:
        block = {"type": "tool_use", "id": "toolu_upstream1", "name": "get_weather", "input": json.loads(TOOL_INPUT)}
    return {
        "id": "msg_upstream1",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": [block],
        "stop_reason": "tool_use" if calls else "end_turn",
        "stop_sequence": None,
        "usage": anthropic_usage(OUTPUT_TOKENS),
    }


def anthropic_message_events(request: dict[str, Any]) -> list[bytes]:
    whole = anthropic_message(request)
    start = {**whole, "content": [], "stop_reason": None, "usage": anthropic_usage(1)}
    block: dict[str, Any] = {"type": "text", "text": ""}
    deltas: list[dict[str, Any]] = [{"type": "text_delta", "text": part} for part in pieces(TEXT)]
    if wants_weather(request):
        block = {**whole["content"][0], "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in ("", *pieces(TOOL_INPUT))]
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None},
            "usage": {"output_tokens": OUTPUT_TOKENS},
        },
        {"type": "message_stop"},
    ]
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]


def anthropic_usage(output_tokens: int) -> dict[str, Any]:
    return {
        "input_tokens": INPUT_TOKENS,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
    }


def wants_weather(request: dict[str, Any]) -> bool:
    last = request["messages"][-1]
    return bool(request.get("tools")) and last["role"] == "user" and "weather" in text_of(last["content"]).lower()


def text_of(content: Any) -> str:
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def pieces(text: str) -> list[str]:
    return [text[i : i + 6] for i in range(0, len(text), 6)]
