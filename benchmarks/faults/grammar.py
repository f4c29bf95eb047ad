"""The grammar of both vendors' streams, as their documents and SDKs have it. AssertionError where it is broken."""

import json
import re
from typing import Any

OPENAI_ENDS = {"stop", "length", "tool_calls", "content_filter", "function_call"}
ANTHROPIC_ENDS = {
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"
}  # fmt: skip
DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
    "redacted_thinking": set[str](),
}


def events(body: bytes) -> list[tuple[str | None, str]]:
    """Each event's name and data, by the rules of server-sent events; comments are left out."""
    found: list[tuple[str | None, str]] = []
    for block in re.split(rb"(?:\r\n|\n|\r){2}", body):
        name, data = None, list[str]()
        for line in re.split(rb"\r\n|\n|\r", block):
            field, _, value = line.decode("utf-8").partition(":")
            match field:
                case "event":
                    name = value.removeprefix(" ")
                case "data":
                    data.append(value.removeprefix(" "))
                case _:
                    pass
        if name is not None or data:
            found.append((name, "\n".join(data)))
    return found


def openai_chunks(body: bytes) -> list[dict[str, Any]]:
    """The chunks of a whole and faultless stream."""
    data = [text for _, text in events(body)]
    assert data, "an empty stream"
    assert data[-1] == "[DONE]", "the stream does not end with [DONE]"
    chunks: list[dict[str, Any]] = [json.loads(text) for text in data[:-1]]
    assert chunks, "no chunk"
    for name in ("id", "model"):
        assert len({chunk.get(name) for chunk in chunks}) == 1, f"the chunks differ in {name}"
    assert {chunk.get("object") for chunk in chunks} == {"chat.completion.chunk"}, "object is not that of a chunk"
    assert all(isinstance(chunk.get("created"), int) for chunk in chunks), "created is not a whole number"
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert {choice["index"] for choice in choices} == {0}, "another choice than 0"
    ends = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    assert len(ends) == 1, f"{len(ends)} finish reasons"
    assert ends[0] in OPENAI_ENDS, f"finish_reason {ends[0]!r} is not one of OpenAI's"
    after = choices[[bool(choice.get("finish_reason")) for choice in choices].index(True) + 1 :]
    assert not any(value for choice in after for value in choice["delta"].values()), "content after the finish reason"
    check_calls([call for choice in choices for call in choice["delta"].get("tool_calls") or ()])
    return chunks


def check_calls(fragments: list[dict[str, Any]]) -> None:
    seen: list[int] = []
    for call in fragments:
        assert isinstance(call.get("index"), int), "a tool call without index"
        if call["index"] not in seen:
            seen.append(call["index"])
            assert call.get("id"), "a tool call that begins without id"
            assert call["function"].get("name"), "a tool call that begins without a name"
        else:
            assert not call.get("id"), "the id of a tool call is repeated"
            assert not call["function"].get("name"), "the name of a tool call is repeated"
    assert seen == list(range(len(seen))), f"tool calls are numbered {seen}"


def anthropic_events(body: bytes) -> list[dict[str, Any]]:
    """The events of a whole and faultless stream, pings left out."""
    found: list[dict[str, Any]] = []
    for name, data in events(body):
        event = json.loads(data)
        assert name == event.get("type"), f"event {name!r} carries type {event.get('type')!r}"
        found.append(event)
    found = [event for event in found if event["type"] != "ping"]
    types = [event["type"] for event in found]
    assert types[:1] == ["message_start"], f"the stream begins with {types[:1]}"
    assert types.count("message_start") == 1, "message_start twice"
    assert types[-2:] == ["message_delta", "message_stop"], f"the stream ends with {types[-2:]}"
    assert types.count("message_stop") == 1, "message_stop twice"
    check_blocks([event for event in found if event["type"].startswith("content_block")])
    check_message(found)
    return found


def check_message(found: list[dict[str, Any]]) -> None:
    message = found[0]["message"]
    assert message["content"] == [], "message_start with content"
    assert message.get("stop_reason") is None, "message_start with a stop reason"
    assert isinstance(message["usage"]["input_tokens"], int), "message_start without input tokens"
    last = found[-2]
    assert isinstance((last.get("usage") or {}).get("output_tokens"), int), "message_delta without usage"
    reason = last["delta"].get("stop_reason")
    assert reason in ANTHROPIC_ENDS, f"stop_reason {reason!r} is not one of Anthropic's"


def check_blocks(found: list[dict[str, Any]]) -> None:
    kind, following = None, 0
    for event in found:
        assert event.get("index") == following, f"{event['type']} with index {event.get('index')}, not {following}"
        match event["type"]:
            case "content_block_start":
                assert kind is None, "a block begins while another is open"
                kind = event["content_block"]["type"]
            case "content_block_delta":
                assert kind is not None, "a delta outside a block"
                assert event["delta"]["type"] in DELTAS[kind], f"{event['delta']['type']} in a {kind} block"
            case "content_block_stop":
                assert kind is not None, "a block ends that is not open"
                kind, following = None, following + 1
    assert kind is None, "a block that never ends"
