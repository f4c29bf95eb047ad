"""Messages requests: the neutral form to an upstream's."""

import json
from typing import Any

import pytest

from inference import ir
from inference.errors import Untranslatable
from inference.protocols.anthropic_messages import render_request
from inference.protocols.codec import Aim


def rendered(model: str = "claude-opus-5", **fields: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {"messages": (ir.Message("user", (ir.Text("Hello"),)),)} | fields
    found: dict[str, Any] = json.loads(render_request(ir.Request("asked", **asked), Aim(model)).body)
    return found


def test_max_tokens_is_always_told() -> None:
    assert rendered()["max_tokens"] == 8192
    assert rendered(max_tokens=5)["max_tokens"] == 5


def test_a_later_system_message_becomes_the_users_words_in_its_place() -> None:
    messages = (ir.Message("user", (ir.Text("a"),)), ir.Message("system", (ir.Text("b"),)))
    (turn,) = rendered(messages=messages)["messages"]
    assert [block["text"] for block in turn["content"]] == ["a", "[system instruction]\nb"]


def test_a_history_that_was_cut_begins_with_the_user() -> None:
    turns = rendered(messages=(ir.Message("assistant", (ir.Text("a "),)),))["messages"]
    assert [(turn["role"], turn["content"][0]["text"]) for turn in turns] == [
        ("user", "(continued)"),
        ("assistant", "a"),
    ]


def test_an_empty_conversation_says_so() -> None:
    (turn,) = rendered(messages=(ir.Message("user", (ir.Text("  "),)),))["messages"]
    assert turn == {"role": "user", "content": [{"type": "text", "text": "(empty)"}]}


@pytest.mark.parametrize(
    ("sampling", "told"),
    [
        (ir.Sampling(temperature=0.0), {"temperature": 0.0}),
        (ir.Sampling(temperature=1.7), {"temperature": 1.0}),
        (ir.Sampling(temperature=0.5, top_p=0.9), {"temperature": 0.5}),
        (ir.Sampling(top_p=0.9, top_k=3), {"top_p": 0.9, "top_k": 3}),
        (ir.Sampling(seed=1, min_p=0.1, frequency_penalty=1, presence_penalty=1, logit_bias={"1": 99}), {}),
    ],
)
def test_sampling_is_told_as_far_as_it_is_known(sampling: ir.Sampling, told: dict[str, Any]) -> None:
    body = rendered(sampling=sampling)
    assert {name: body[name] for name in body.keys() - {"model", "messages", "max_tokens"}} == told


def test_sampling_gives_way_to_thinking() -> None:
    thinking = ir.Reasoning(enabled=True)
    body = rendered(sampling=ir.Sampling(temperature=0.5, top_p=0.96, top_k=3), reasoning=thinking)
    assert ("temperature" in body, body["top_p"], "top_k" in body) == (False, 0.96, False)


def test_a_ban_of_tokens_is_refused() -> None:
    with pytest.raises(Untranslatable) as caught:
        rendered(sampling=ir.Sampling(logit_bias={"1": -100}))
    assert caught.value.param == "logit_bias"


ADAPTIVE = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("reasoning", "thinking", "effort"),
    [
        (None, None, None),
        (ir.Reasoning(enabled=False), {"type": "disabled"}, None),
        (ir.Reasoning(enabled=True), ADAPTIVE, None),
        (ir.Reasoning(enabled=True, effort="minimal"), ADAPTIVE, "low"),
        (ir.Reasoning(enabled=True, effort="high"), ADAPTIVE, "high"),
    ],
)
def test_an_effort_is_told_to_a_model_that_thinks_as_it_likes(
    reasoning: ir.Reasoning | None, thinking: object, effort: str | None
) -> None:
    body = rendered(reasoning=reasoning)
    assert body.get("thinking") == thinking
    assert body.get("output_config", {}).get("effort") == effort


@pytest.mark.parametrize("model", ["claude-sonnet-4-5-20250929", "claude-3-7-sonnet-latest", "claude-opus-4-20250514"])
@pytest.mark.parametrize(
    ("effort", "limit", "expected"),
    [
        ("low", None, (2048, 2048 + 8192)),
        ("high", None, (16384, 16384 + 8192)),
        ("max", 20000, (20000 - 1024, 20000)),
        ("high", 1500, (None, 1500)),
    ],
)
def test_an_effort_becomes_a_budget_below_the_limit(
    model: str, effort: str, limit: int | None, expected: tuple[int | None, int]
) -> None:
    body = rendered(model, reasoning=ir.Reasoning(enabled=True, effort=effort), max_tokens=limit)
    assert (body.get("thinking", {}).get("budget_tokens"), body["max_tokens"]) == expected


def test_a_forced_call_turns_thinking_off() -> None:
    tools = (ir.Tool("f", {"type": "object"}),)
    body = rendered(tools=tools, tool_choice=ir.ToolChoice("any"), reasoning=ir.Reasoning(enabled=True))
    assert (body["thinking"], body["tool_choice"]) == ({"type": "disabled"}, {"type": "any"})


def test_a_budget_model_does_not_think_on_from_calls_without_thinking() -> None:
    history = (ir.Message("assistant", (ir.ToolUse("t", "f", {}),)), ir.Message("user", (ir.ToolResult("t", ()),)))
    body = rendered("claude-haiku-4-5", messages=history, reasoning=ir.Reasoning(enabled=True, effort="low"))
    assert "thinking" not in body


def test_a_history_of_calls_brings_its_tools() -> None:
    history = (ir.Message("assistant", (ir.ToolUse("t", "f", {}),)), ir.Message("user", (ir.ToolResult("t", ()),)))
    body = rendered(messages=history)
    assert body["tools"] == [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]
    assert body["tool_choice"] == {"type": "none"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"properties": {}}, {"type": "object", "properties": {}}),
        (
            {
                "anyOf": [
                    {"properties": {"a": {}, "b": {}}, "required": ["a", "b"]},
                    {"properties": {"b": {}, "c": {}}, "required": ["b"]},
                ]
            },
            {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "required": ["b"]},
        ),
        (
            {"type": "object", "allOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}}]},
            {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a"]},
        ),
    ],
)
def test_a_schema_has_an_object_at_its_root(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert rendered(tools=(ir.Tool("f", schema),))["tools"][0]["input_schema"] == expected


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (ir.ToolChoice("auto", parallel=False), {"type": "auto", "disable_parallel_tool_use": True}),
        (ir.ToolChoice("none", parallel=False), {"type": "none"}),
        (ir.ToolChoice("tool", "f"), {"type": "tool", "name": "f"}),
    ],
)
def test_a_tool_choice_is_told(choice: ir.ToolChoice, told: dict[str, Any]) -> None:
    assert rendered(tools=(ir.Tool("f", {}),), tool_choice=choice)["tool_choice"] == told


@pytest.mark.parametrize("user", ["a@example.org", "John Doe", "+49 170 1234567", "x" * 300])
def test_a_user_who_could_be_a_person_is_hashed(user: str) -> None:
    assert len(rendered(user=user)["metadata"]["user_id"]) == 64
    assert rendered(user="user-1")["metadata"] == {"user_id": "user-1"}


def test_stops_of_white_space_are_left_out() -> None:
    assert rendered(stop=("\n", "END"))["stop_sequences"] == ["END"]
