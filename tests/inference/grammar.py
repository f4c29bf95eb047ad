"""The grammar that the streams we send keep: strict where both vendors' clients are, or silently lose words.

Each function returns the events' JSON for those who want to look closer, and raises AssertionError.
"""

import json
from typing import Any

from tests.inference.exchanges import ANTHROPIC, OPENAI

DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "redacted_thinking": set[str](),
    "tool_use": {"input_json_delta"},
}
PING = {"type": "ping"}


def check(protocol: str, stream: bytes) -> list[Any]:
    return {OPENAI: check_openai, ANTHROPIC: check_anthropic}[protocol](stream)


def is_complete(protocol: str, stream: bytes) -> bool:
    """Whether a client would take what came for the whole answer."""
    if protocol == ANTHROPIC or not stream:
        return b"event: message_stop" in stream
    return any(
        chunk["choices"] and chunk["choices"][0]["finish_reason"]
        for chunk in chunks_of(stream)
        if isinstance(chunk, dict) and "choices" in chunk
    )


def chunks_of(stream: bytes) -> list[Any]:
    """Every event is one line of data; comments come alone."""
    assert stream.endswith(b"\n\n")
    found: list[Any] = []
    for event in stream.removesuffix(b"\n\n").split(b"\n\n"):
        if not event.startswith(b": "):
            assert event.startswith(b"data: "), event
            assert b"\n" not in event
            data = event.removeprefix(b"data: ")
            found.append("[DONE]" if data == b"[DONE]" else json.loads(data))
    return found


def check_openai(stream: bytes) -> list[Any]:
    *chunks, done = chunks_of(stream)
    assert done == "[DONE]"
    assert "[DONE]" not in chunks
    heads = {(chunk["id"], chunk["created"], chunk["model"], chunk["object"]) for chunk in chunks}
    assert len(heads) == 1
    told = [chunk for chunk in chunks if not chunk["choices"]]
    assert told in ([], chunks[-1:]), "only the usage has no choice, and it comes last"
    assert all(chunk["usage"] is None for chunk in chunks[:-1] if told)
    assert told or not any("usage" in chunk for chunk in chunks)
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert [choice["index"] for choice in choices] == [0] * (len(chunks) - len(told))
    assert choices[0]["delta"]["role"] == "assistant"
    assert all("role" not in choice["delta"] for choice in choices[1:])
    assert all(choice["finish_reason"] is None for choice in choices[:-1])
    assert choices[-1]["finish_reason"] in ("stop", "length", "tool_calls", "content_filter")
    check_calls([call for choice in choices for call in choice["delta"].get("tool_calls", ())])
    check_lists([choice["delta"] for choice in choices])
    return chunks


def check_calls(pieces: list[dict[str, Any]]) -> None:
    """Counted from 0; id, type and name come once, with the first piece; the arguments are an object or cut."""
    seen = -1
    for piece in pieces:
        if "id" in piece:
            seen += 1
            assert piece["type"] == "function"
            assert piece["function"]["name"]
        else:
            assert "name" not in piece["function"]
        assert piece["index"] == seen
        assert isinstance(piece["function"]["arguments"], str)


def check_lists(deltas: list[dict[str, Any]]) -> None:
    """Other lists come once at most, and whole, each entry with its index: the accumulator fails otherwise."""
    names = [name for delta in deltas for name, value in delta.items() if isinstance(value, list)]
    others = [name for name in names if name != "tool_calls"]
    assert len(others) == len(set(others))
    for delta in deltas:
        for name in set(others) & set(delta):
            assert [entry["index"] for entry in delta[name]] == list(range(len(delta[name])))


def check_anthropic(stream: bytes) -> list[Any]:
    assert stream.endswith(b"\n\n")
    events: list[Any] = []
    for event in stream.removesuffix(b"\n\n").split(b"\n\n"):
        name, data = event.split(b"\n")
        events.append(json.loads(data.removeprefix(b"data: ")))
        assert name == b"event: " + events[-1]["type"].encode()
    told = [event for event in events if event != PING]
    first, *middle, delta, last = told
    assert (first["type"], first["message"]["content"]) == ("message_start", [])
    assert (delta["type"], last) == ("message_delta", {"type": "message_stop"})
    assert {"input_tokens", "output_tokens"} <= set(delta["usage"])
    assert not any(value is None for value in delta["usage"].values())
    check_blocks(middle)
    return told


def check_blocks(events: list[dict[str, Any]]) -> None:
    """Counted without gaps, one open at a time, their deltas of their own kind."""
    count, kind = 0, ""
    for event in events:
        assert event["index"] == (count - 1 if kind else count)
        match event["type"]:
            case "content_block_start":
                assert not kind
                count, kind = count + 1, event["content_block"]["type"]
            case "content_block_delta":
                assert event["delta"]["type"] in DELTAS[kind]
            case "content_block_stop":
                assert kind
                kind = ""
            case unexpected:
                raise AssertionError(unexpected)
    assert not kind
