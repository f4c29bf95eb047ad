"""What is asked of thinking, for an Anthropic upstream."""

from typing import Any

import pytest

from inference import ir
from tests.inference.protocols.anthropic_requests import BUDGETED, HELLO, NEWEST, TOOL, rendered, warned

ADAPTIVE = {"type": "adaptive", "display": "summarized"}
DISABLED = {"type": "disabled"}
ALWAYS = {"thinking_modes": ["adaptive"]}
CALLS = (ir.Message("assistant", (ir.ToolUse("t", "f", {}),)), ir.Message("user", (ir.ToolResult("t", ()),)))
OWN = ir.Thinking("hm", "gw1.")
NATIVE = ir.Thinking("hm", "c2lnbmVk")


@pytest.mark.parametrize(
    ("reasoning", "thinking", "effort"),
    [
        (None, None, None),
        (ir.Reasoning(enabled=False), DISABLED, None),
        (ir.Reasoning(enabled=True), ADAPTIVE, None),
        (ir.Reasoning(enabled=True, effort="minimal"), ADAPTIVE, "low"),
        (ir.Reasoning(enabled=True, effort="low"), ADAPTIVE, "low"),
        (ir.Reasoning(enabled=True, effort="medium"), ADAPTIVE, "medium"),
        (ir.Reasoning(enabled=True, effort="high"), ADAPTIVE, "high"),
        (ir.Reasoning(enabled=True, effort="xhigh"), ADAPTIVE, "xhigh"),
        (ir.Reasoning(enabled=True, effort="max"), ADAPTIVE, "max"),
        (ir.Reasoning(effort="high"), None, "high"),
    ],
)
def test_an_effort_is_told_to_a_model_that_thinks_as_it_likes(
    reasoning: ir.Reasoning | None, thinking: object, effort: str | None
) -> None:
    body = rendered(reasoning=reasoning)
    assert body.get("thinking") == thinking
    assert body.get("output_config", {}).get("effort") == effort


@pytest.mark.parametrize(
    ("levels", "asked", "told"),
    [
        (["low", "medium", "high"], "xhigh", "high"),
        (["low", "medium", "high"], "max", "high"),
        (["low", "medium", "high", "max"], "xhigh", "high"),
        (["medium", "high"], "low", "medium"),
    ],
)
def test_an_effort_the_model_does_not_know_becomes_the_next_lower(levels: list[str], asked: str, told: str) -> None:
    body = rendered(NEWEST, {"effort_levels": levels}, reasoning=ir.Reasoning(enabled=True, effort=asked))
    assert body["output_config"] == {"effort": told}


@pytest.mark.parametrize(("levels", "asked"), [([], "high"), (["low"], "immense")])
def test_an_effort_that_means_nothing_is_warned_of(levels: list[str], asked: str) -> None:
    body, warnings = warned(NEWEST, {"effort_levels": levels}, reasoning=ir.Reasoning(enabled=True, effort=asked))
    assert ("output_config" in body, warnings) == (False, [("reasoning_effort", "unsupported")])


def test_a_budget_is_not_told_to_a_model_that_thinks_as_it_likes() -> None:
    body, warnings = warned(reasoning=ir.Reasoning(enabled=True, budget=2000))
    assert (body["thinking"], warnings) == (ADAPTIVE, [("thinking", "budget_unsupported")])


def test_a_budget_goes_before_an_effort_where_the_model_knows_both() -> None:
    body = rendered("claude-sonnet-4-6", reasoning=ir.Reasoning(enabled=True, budget=2000))
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 2000, "display": "summarized"}


@pytest.mark.parametrize("model", [BUDGETED, "claude-3-7-sonnet-latest", "claude-opus-4-20250514"])
@pytest.mark.parametrize(
    ("asked", "limit", "expected"),
    [
        ({"effort": "minimal"}, 5000, (1024, 5000)),
        ({"effort": "low"}, None, (2048, 2048 + 8192)),
        ({"effort": "medium"}, None, (8192, 8192 + 8192)),
        ({"effort": "high"}, None, (16384, 16384 + 8192)),
        ({"effort": "max"}, 20000, (20000 - 1024, 20000)),
        ({"budget": 3000}, None, (3000, 3000 + 8192)),
    ],
)
def test_an_effort_becomes_a_budget_below_the_limit(
    model: str, asked: dict[str, Any], limit: int | None, expected: tuple[int, int]
) -> None:
    body = rendered(model, reasoning=ir.Reasoning(enabled=True, **asked), max_tokens=limit)
    assert (body["thinking"]["budget_tokens"], body["max_tokens"]) == expected


def test_a_budget_leaves_room_in_what_the_model_can_write() -> None:
    body = rendered(BUDGETED, {"max_output": 20_000}, reasoning=ir.Reasoning(enabled=True, effort="xhigh"))
    assert (body["thinking"]["budget_tokens"], body["max_tokens"]) == (20_000 - 1024, 20_000)


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"effort": "high"}, "reasoning_effort"), ({"budget": 4000}, "thinking"), ({"budget": 0}, "thinking")],
)
def test_a_limit_too_small_for_thinking_leaves_it_out(asked: dict[str, Any], field: str) -> None:
    body, warnings = warned(BUDGETED, reasoning=ir.Reasoning(enabled=True, **asked), max_tokens=1500)
    assert ("thinking" in body, body["max_tokens"]) == (False, 1500)
    assert warnings == [(field, "budget_too_small")]


@pytest.mark.parametrize(
    ("model", "reasoning", "thinking"),
    [
        (BUDGETED, ir.Reasoning(enabled=False), None),
        ("some-model", ir.Reasoning(enabled=False), DISABLED),
        ("some-model", ir.Reasoning(enabled=True), {"type": "enabled", "budget_tokens": 8192, "display": "summarized"}),
    ],
)
def test_each_model_is_asked_in_its_way(model: str, reasoning: ir.Reasoning, thinking: object) -> None:
    assert rendered(model, reasoning=reasoning).get("thinking") == thinking


def test_a_model_that_always_thinks_is_asked_to_think_little() -> None:
    body, warnings = warned(NEWEST, ALWAYS, reasoning=ir.Reasoning(enabled=False))
    assert ("thinking" in body, body["output_config"]) == (False, {"effort": "low"})
    assert warnings == [("reasoning_effort", "always_thinks")]


def test_a_model_that_never_thinks_is_not_asked_to() -> None:
    reasoning = ir.Reasoning(enabled=True, effort="low")
    body, warnings = warned("some-model", {"thinking_modes": []}, reasoning=reasoning)
    assert ("thinking" in body, warnings) == (False, [("reasoning_effort", "unsupported")])


@pytest.mark.parametrize("choice", [ir.ToolChoice("any"), ir.ToolChoice("tool", "f")])
def test_a_forced_call_turns_thinking_off(choice: ir.ToolChoice) -> None:
    body, warnings = warned(tools=(TOOL,), tool_choice=choice, reasoning=ir.Reasoning(enabled=True, effort="high"))
    assert (body["thinking"], body["tool_choice"]["type"]) == (DISABLED, choice.mode)
    assert warnings == [("reasoning_effort", "forced_tool_choice")]


@pytest.mark.parametrize("reasoning", [None, ir.Reasoning(enabled=True)])
def test_a_model_that_always_thinks_cannot_be_forced_to_call(reasoning: ir.Reasoning | None) -> None:
    choice = ir.ToolChoice("tool", "f", parallel=False)
    body, warnings = warned(NEWEST, ALWAYS, tools=(TOOL,), tool_choice=choice, reasoning=reasoning)
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert warnings == [("tool_choice", "always_thinks")]


@pytest.mark.parametrize(
    ("overrides", "reasoning"),
    [({"forced_tool_with_thinking": True}, ir.Reasoning(enabled=True)), ({}, None), ({}, ir.Reasoning(enabled=False))],
)
def test_a_forced_call_changes_nothing_else(overrides: dict[str, Any], reasoning: ir.Reasoning | None) -> None:
    body = rendered(NEWEST, overrides, tools=(TOOL,), tool_choice=ir.ToolChoice("any"), reasoning=reasoning)
    assert body["tool_choice"] == {"type": "any"}
    assert (body.get("thinking") == ADAPTIVE) is (reasoning is not None and bool(reasoning.enabled))


THINKS = ir.Reasoning(enabled=True, effort="low")


@pytest.mark.parametrize("thought", [(), (OWN,), (ir.Thinking("hm"),)])
def test_a_budget_model_does_not_think_on_from_calls_without_its_thinking(thought: tuple[ir.Block, ...]) -> None:
    asking = ir.Message("assistant", (*thought, ir.ToolUse("t", "f", {})))
    body, warnings = warned(BUDGETED, messages=(HELLO, asking, CALLS[1]), tools=(TOOL,), reasoning=THINKS)
    assert ("thinking" in body, warnings) == (False, [("reasoning_effort", "thinking_missing")])


def test_a_budget_model_does_not_think_on_from_words_without_thinking() -> None:
    begun = ir.Message("assistant", (ir.Text("It is"),))
    body, warnings = warned(BUDGETED, messages=(HELLO, begun), reasoning=THINKS)
    assert ("thinking" in body, warnings) == (False, [("reasoning_effort", "thinking_missing")])


def test_a_budget_model_thinks_on_from_calls_with_their_thinking() -> None:
    asking = ir.Message("assistant", (NATIVE, ir.ToolUse("t", "f", {})))
    body = rendered(BUDGETED, messages=(HELLO, asking, CALLS[1]), tools=(TOOL,), reasoning=THINKS)
    assert body["thinking"]["type"] == "enabled"
    assert body["messages"][1]["content"][0] == {"type": "thinking", "thinking": "hm", "signature": "c2lnbmVk"}


def test_a_model_that_thinks_as_it_likes_needs_no_earlier_thinking() -> None:
    assert rendered(messages=(HELLO, *CALLS), tools=(TOOL,), reasoning=THINKS)["thinking"] == ADAPTIVE
