"""Conversations as clients write them, in either protocol's JSON, as hypothesis draws them; and what they tell."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.inference.contents import arguments_of, parts_of
from tests.inference.conversations import IDS, OBJECTS, WORDS
from tests.inference.exchanges import OPENAI

type Story = list[tuple[str, ...]]

BLANKS = st.sampled_from(["", " ", "\n\t"])
TEXTS = WORDS | BLANKS
NAMES = st.sampled_from(["get_weather", "Bash", "mcp__files__read"])
ARGUMENTS = OBJECTS.map(json.dumps) | st.sampled_from(["", "  ", '{"x":', "[1]", "null"])

# OpenAI's messages, any in any order.

PARTS = st.lists(TEXTS.map(lambda words: {"type": "text", "text": words}), max_size=3)
SPOKEN = PARTS.filter(lambda parts: any(part["text"].strip() for part in parts))
CALLS = st.builds(
    lambda identifier, name, arguments: {
        "id": identifier,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    },
    IDS,
    NAMES,
    ARGUMENTS,
)
ANY_OPENAI = st.lists(
    st.one_of(
        st.fixed_dictionaries({"role": st.sampled_from(["system", "developer", "user"]), "content": TEXTS | PARTS}),
        st.fixed_dictionaries(
            {"role": st.just("assistant"), "content": st.none() | TEXTS | PARTS},
            optional={"tool_calls": st.lists(CALLS, min_size=1, max_size=3), "refusal": WORDS},
        ),
        st.fixed_dictionaries({"role": st.just("tool"), "tool_call_id": IDS, "content": TEXTS | PARTS}),
    ),
    max_size=8,
)

# Anthropic's, likewise.

BLOCKS = TEXTS.map(lambda words: {"type": "text", "text": words})
USES = st.builds(
    lambda identifier, name, given: {"type": "tool_use", "id": identifier, "name": name, "input": given},
    IDS,
    NAMES,
    OBJECTS,
)
RESULTS = st.builds(
    lambda identifier, content, failed: {
        "type": "tool_result",
        "tool_use_id": identifier,
        "content": content,
        "is_error": failed,
    },
    IDS,
    TEXTS | st.lists(BLOCKS, max_size=2),
    st.booleans(),
)
ANY_ANTHROPIC = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"role": st.just("user"), "content": TEXTS | st.lists(BLOCKS | RESULTS, min_size=1, max_size=4)}
        ),
        st.fixed_dictionaries(
            {"role": st.just("assistant"), "content": TEXTS | st.lists(BLOCKS | USES, min_size=1, max_size=4)}
        ),
        st.fixed_dictionaries({"role": st.just("system"), "content": TEXTS}),
    ),
    max_size=8,
)


@st.composite
def told_to_openai(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A conversation with everything in its place: each call answered, in any order, under ids that may be odd."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": draw(WORDS)}] * draw(st.integers(0, 1))
    for _ in range(draw(st.integers(0, 3))):
        messages.append({"role": "user", "content": draw(WORDS | SPOKEN)})
        calls = draw(st.lists(CALLS, max_size=3, unique_by=lambda call: call["id"]))
        if calls:
            messages.append({"role": "assistant", "content": draw(st.none() | TEXTS), "tool_calls": calls})
            answers = [{"role": "tool", "tool_call_id": call["id"], "content": draw(WORDS)} for call in calls]
            messages += draw(st.permutations(answers))
        messages.append({"role": "assistant", "content": draw(WORDS)})
    return [*messages, {"role": "user", "content": draw(WORDS)}]


@st.composite
def told_to_anthropic(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The same as the other vendor's clients write it: what else is said stands behind the results, in their turn."""
    messages: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(0, 3))):
        messages.append({"role": "user", "content": [{"type": "text", "text": draw(WORDS)}]})
        uses = draw(st.lists(USES, max_size=3, unique_by=lambda use: use["id"]))
        if uses:
            messages.append({"role": "assistant", "content": [*draw(st.lists(BLOCKS, max_size=2)), *uses]})
            results = [{"type": "tool_result", "tool_use_id": use["id"], "content": draw(WORDS)} for use in uses]
            more = draw(st.lists(BLOCKS, max_size=2))
            messages.append({"role": "user", "content": [*draw(st.permutations(results)), *more]})
        messages.append({"role": "assistant", "content": draw(WORDS)})
    return [*messages, {"role": "user", "content": draw(WORDS)}]


# What is told.


def story(protocol: str, request: dict[str, Any]) -> Story:
    """Who said what, who called what, and what came of it, a result told beside its call.

    Neighbouring texts of one speaker are one, without white space: vendors merge turns in their own ways. A developer
    and the system are one speaker.
    """
    told: Story = []
    for role, kind, *rest in openai_tale(request) if protocol == OPENAI else anthropic_tale(request):
        speaker = "system" if role == "developer" else role
        if kind == "text" and told and told[-1][:2] == (speaker, kind):
            told[-1] = (speaker, kind, squeezed(told[-1][2] + rest[0]))
        elif kind != "text" or squeezed(rest[0]):
            told.append((speaker, kind, *map(squeezed, rest)))
    return told


def squeezed(words: str) -> str:
    return "".join(words.split())


def openai_tale(request: dict[str, Any]) -> Story:
    told: Story = []
    calls: list[dict[str, Any]] = []
    for message in request["messages"]:
        words = "".join(part["text"] for part in parts_of(message.get("content") or []))
        if message["role"] == "tool":
            made = next(call for call in calls if call["id"] == message["tool_call_id"])
            told.append(("tool", "result", told_call(made["function"]), words))
            continue
        told.append((message["role"], "text", words))
        calls = message.get("tool_calls") or []
        told += [("assistant", "call", told_call(call["function"])) for call in calls]
    return in_order_of_calls(told)


def told_call(function: dict[str, Any]) -> str:
    name: str = function["name"]
    return name + json.dumps(arguments_of(function["arguments"]), sort_keys=True)


def anthropic_tale(request: dict[str, Any]) -> Story:
    told: Story = [("system", "text", part["text"]) for part in parts_of(request.get("system") or [])]
    calls: dict[str, str] = {}
    for message in request["messages"]:
        for block in parts_of(message["content"]):
            match block["type"]:
                case "text":
                    told.append((message["role"], "text", block["text"]))
                case "tool_use":
                    calls[block["id"]] = block["name"] + json.dumps(block["input"], sort_keys=True)
                    told.append(("assistant", "call", calls[block["id"]]))
                case "tool_result":
                    words = "".join(part["text"] for part in parts_of(block["content"]))
                    told.append(("tool", "result", calls[block["tool_use_id"]], words))
    return in_order_of_calls(told)


def in_order_of_calls(told: Story) -> Story:
    """Results that stand together, sorted: their order is the vendor's to demand, not the client's to say."""
    sorted_story: Story = []
    for entry in told:
        sorted_story.append(entry)
        at = len(sorted_story) - 1
        while at and entry[1] == sorted_story[at - 1][1] == "result" and entry < sorted_story[at - 1]:
            sorted_story[at - 1], sorted_story[at] = entry, sorted_story[at - 1]
            at -= 1
    return sorted_story
