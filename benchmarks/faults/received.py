"""What an upstream must have received: a request that its vendor would accept, with nothing lost on the way."""

import json
import re
from collections.abc import Callable
from typing import Any

from benchmarks.faults.check import Must, Outcome
from benchmarks.faults.must import refused

type Json = dict[str, Any]

TOOL_ID = re.compile(r"[a-zA-Z0-9_-]+")
OPENAI_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
OPENAI_PARTS = {
    "user": {"text", "image_url", "input_audio", "file"}, "assistant": {"text", "refusal"}, "tool": {"text"},
    "system": {"text"}, "developer": {"text"},
}  # fmt: skip


def sent(test: Callable[[Json], object], what: str) -> Must:
    """The upstream received a request of which this holds."""

    def must(outcome: Outcome) -> None:
        assert outcome.first, f"nothing was sent; the client got {outcome.reply.status}: {outcome.reply.body[:160]!r}"
        assert test(outcome.first[0].json()), f"{what}: not so"

    return must


def acceptable(outcome: Outcome) -> None:
    """The upstream's vendor would accept what it received."""
    assert outcome.first, f"nothing was sent; the client got {outcome.reply.status}: {outcome.reply.body[:160]!r}"
    accept = accept_openai if outcome.ask.to == "openai" else accept_anthropic
    accept(outcome.first[0].json())


def or_refused(*musts: Must) -> Must:
    """These hold, or the client was told plainly that it cannot be done, and nothing was sent."""

    def must(outcome: Outcome) -> None:
        if not outcome.first:
            refused(400, 404, 413, 422)(outcome)
            return
        for one in musts:
            one(outcome)

    return must


def has(*pieces: str) -> Must:
    """These arrived somewhere in the request, and in this order."""

    def must(outcome: Outcome) -> None:
        assert outcome.first, f"nothing was sent; the client got {outcome.reply.status}: {outcome.reply.body[:160]!r}"
        whole = json.dumps(outcome.first[0].json(), ensure_ascii=False)
        places = [whole.find(piece) for piece in pieces]
        lost = [piece for piece, place in zip(pieces, places, strict=True) if place < 0]
        assert not lost, f"lost on the way: {lost}"
        assert places == sorted(places), "in another order"

    return must


def accept_openai(body: Json) -> None:
    waiting: list[str] = []
    for message in body["messages"]:
        role = message["role"]
        assert role in OPENAI_PARTS, f"role {role!r}"
        if role == "tool":
            assert message["tool_call_id"] in waiting, f"a result without its call: {message['tool_call_id']}"
            waiting.remove(message["tool_call_id"])
        else:
            assert not waiting, f"calls without results: {waiting}"
        content = message.get("content")
        if isinstance(content, list):
            odd = {part["type"] for part in content} - OPENAI_PARTS[role]
            assert not odd, f"{odd} in a message of the role {role}"
        made = message.get("tool_calls") or []
        waiting += [one["id"] for one in made]
        assert all(isinstance(one["function"]["arguments"], str) for one in made), "arguments that are no string"
    assert not waiting, f"calls without results: {waiting}"
    names = [tool["function"]["name"] for tool in body.get("tools") or ()]
    names += [one["function"]["name"] for message in body["messages"] for one in message.get("tool_calls") or ()]
    assert all(OPENAI_NAME.fullmatch(name) for name in names), f"tool names {names}"


def accept_anthropic(body: Json) -> None:
    assert isinstance(body.get("max_tokens"), int), "no max_tokens"
    turns = merged(body["messages"])
    assert turns, "no messages"
    used: set[str] = set()
    waiting: list[str] = []
    for role, blocks in turns:
        assert role in {"user", "assistant"}, f"role {role!r}"
        assert blocks, f"an empty {role} turn"
        check_blocks(blocks)
        check_results(blocks, waiting)
        ids = [block["id"] for block in blocks if block["type"] == "tool_use"]
        assert len({*ids, *used}) == len(ids) + len(used), "tool_use ids must be unique"
        used |= set(ids)
        waiting = ids
    assert not waiting, f"calls without results: {waiting}"
    check_tools(body, used=bool(used))


def merged(messages: list[Json]) -> list[tuple[str, list[Json]]]:
    """The turns, neighbours of one role joined as the vendor joins them."""
    turns: list[tuple[str, list[Json]]] = []
    for message in messages:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if turns and turns[-1][0] == message["role"]:
            turns[-1][1].extend(blocks)
        else:
            turns.append((message["role"], list(blocks)))
    return turns


def check_blocks(blocks: list[Json]) -> None:
    for block in blocks:
        match block["type"]:
            case "text":
                assert block["text"].strip(), "text content blocks must be non-empty"
            case "tool_use":
                assert TOOL_ID.fullmatch(block["id"]), f"tool_use id {block['id']!r}"
                assert isinstance(block["input"], dict), f"input {block['input']!r} is not an object"
            case "tool_result":
                assert TOOL_ID.fullmatch(block["tool_use_id"]), f"tool_use_id {block['tool_use_id']!r}"


def check_results(blocks: list[Json], waiting: list[str]) -> None:
    """Results come first in their turn: one for each call of the turn before, and no others."""
    results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
    first = [block["type"] for block in blocks[: len(results)]]
    assert first == ["tool_result"] * len(results), "tool_result blocks must come first"
    assert sorted(results) == sorted(waiting), f"results for {results}, calls {waiting}"


def check_tools(body: Json, *, used: bool) -> None:
    tools = body.get("tools") or []
    assert tools or not used, "tool blocks, but no tools are defined"
    schemas = [tool["input_schema"] for tool in tools if "input_schema" in tool]
    assert all(schema.get("type") == "object" for schema in schemas), "input_schema.type must be object"
    assert all(words.strip() for words in body.get("stop_sequences") or ()), "stop sequences must not be blank"
