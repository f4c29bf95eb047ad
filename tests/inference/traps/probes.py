"""What a trap needs: an upstream's events in short, what a client hears of them, a request as an upstream gets it."""

import json
from typing import Any

from tests.inference.contents import decoded
from tests.inference.exchanges import ANTHROPIC, OPENAI, ask
from tests.inference.grammar import check
from tests.inference.pairings import Backend, Exchange, backend_of, begin, relay

OLDER_CLAUDE = Backend(ANTHROPIC, "claude-sonnet-4-5")
NEWER_CLAUDE = Backend(ANTHROPIC, "claude-opus-4-8")
GPT = Backend(OPENAI, "gpt-4.1")
SERVER = Backend(OPENAI, "some-server-model")

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
CLAUDE_TOOL = {"name": "f", "input_schema": {"type": "object", "properties": {}}}


# Requests.


def asked(client: str, backend: Backend, **fields: Any) -> Exchange:
    """Raises GatewayError."""
    return begin(ask(client, **fields), backend)


def sent(client: str, backend: Backend, **fields: Any) -> dict[str, Any]:
    """The request that the backend gets. Raises GatewayError."""
    return decoded(backend.protocol, asked(client, backend, **fields).request)


def warned(client: str, backend: Backend, **fields: Any) -> set[str]:
    """The fields that a client is told were weakened, without their places."""
    return {field.partition("[")[0] for field, _ in asked(client, backend, **fields).warnings}


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content[0] if len(content) == 1 and isinstance(content[0], str) else content}


def assistant(*content: Any, **fields: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(content) or None} | fields


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(identifier: str, arguments: str = "{}", name: str = "f") -> dict[str, Any]:
    """OpenAI's."""
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}


def called(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls)}


def answered(identifier: str, words: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": identifier, "content": words}


def use(identifier: str, name: str = "f", **arguments: Any) -> dict[str, Any]:
    """Anthropic's."""
    return {"type": "tool_use", "id": identifier, "name": name, "input": arguments}


def result(identifier: str, *content: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": identifier, "content": list(content)} | fields


# Streams.


def chunk(finish_reason: str | None = None, usage: Any = None, **delta: Any) -> dict[str, Any]:
    """OpenAI's. Without a delta and a reason it has no choice, as the one that only counts."""
    choices = [{"index": 0, "delta": delta, "finish_reason": finish_reason}] if delta or finish_reason else []
    return {"id": "x", "choices": choices} | ({"usage": usage} if usage else {})


def piece(index: int, arguments: str = "", **rest: Any) -> dict[str, Any]:
    """A chunk with a piece of a call; `id` and `name` come with the first."""
    function = {"arguments": arguments} | ({"name": rest.pop("name")} if "name" in rest else {})
    return chunk(tool_calls=[{"index": index, "function": function, **rest}])


def start(**usage: int) -> dict[str, Any]:
    return {"type": "message_start", "message": {"id": "msg_1", "content": [], "usage": usage}}


def block(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": {"type": kind, **fields}}


def delta(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def end(stop_reason: str | None, **usage: int) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": stop_reason}, "usage": usage}


STOP = {"type": "message_stop"}


def stream_of(protocol: str, *events: dict[str, Any]) -> bytes:
    if protocol == OPENAI:
        return b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events) + b"data: [DONE]\n\n"
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def heard(client: str, *events: dict[str, Any], **fields: Any) -> list[Any]:
    """The events that a client gets of the other vendor's, checked against its grammar."""
    backend = ANTHROPIC if client == OPENAI else OPENAI
    usage = {"stream_options": {"include_usage": True}} if client == OPENAI else {}
    exchange = begin(ask(client, stream=True, **usage, **fields), backend_of(backend))
    result = relay(exchange.stream(True), stream_of(backend, *events))
    assert result.error is None
    return check(client, result.sent)


def blocks(events: list[Any]) -> list[str]:
    return [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]


def deltas(events: list[Any]) -> list[tuple[int, str]]:
    """Of an Anthropic stream: the block and the words of each delta, signatures left out."""
    found = [(event["index"], event["delta"]) for event in events if event["type"] == "content_block_delta"]
    words = ("text", "thinking", "partial_json")
    return [(index, given[name]) for index, given in found for name in words if name in given]


def choices(chunks: list[Any]) -> list[dict[str, Any]]:
    return [choice for chunk in chunks for choice in chunk["choices"]]


def call_pieces(chunks: list[Any]) -> list[dict[str, Any]]:
    return [made for choice in choices(chunks) for made in choice["delta"].get("tool_calls", ())]
