"""Chat completions requests: the neutral form to an upstream's."""

import json
from typing import Any

import pytest

from inference import ir
from inference.errors import Untranslatable
from inference.protocols.codec import Aim
from inference.protocols.openai_chat import render_request


def rendered(model: str = "m", **fields: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {"messages": (ir.Message("user", (ir.Text("Hello"),)),)} | fields
    found: dict[str, Any] = json.loads(render_request(ir.Request("asked", **asked), Aim(model)).body)
    return found


def test_one_text_is_a_string_and_several_are_parts() -> None:
    several = ir.Message("user", (ir.Text("a"), ir.Text("b")))
    body = rendered(system=(ir.Text("S"),), messages=(several,))
    assert body["messages"] == [
        {"role": "system", "content": "S"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    ]


@pytest.mark.parametrize(("text", "shown"), [("broken", "[tool error] broken"), ("Error: broken", "Error: broken")])
def test_a_failed_result_says_so(text: str, shown: str) -> None:
    call = ir.Message("assistant", (ir.ToolUse("c", "f", {}),))
    failed = ir.Message("user", (ir.ToolResult("c", (ir.Text(text),), is_error=True),))
    assert rendered(messages=(call, failed))["messages"][1]["content"] == shown


@pytest.mark.parametrize(("model", "content", "reasoning"), [("gpt-5", None, None), ("qwen3", "", "hm")])
def test_a_turn_of_calls_suits_the_server(model: str, content: str | None, reasoning: str | None) -> None:
    turn = ir.Message("assistant", (ir.Thinking("hm", "gw1."), ir.ToolUse("c", "f", {"é": 1})))
    message = rendered(model, messages=(turn, ir.Message("user", (ir.Text("x"),))))["messages"][0]
    assert (message["content"], message.get("reasoning_content")) == (content, reasoning)
    assert message["tool_calls"][0]["function"]["arguments"] == '{"é":1}'


@pytest.mark.parametrize(("model", "field"), [("gpt-5", "max_completion_tokens"), ("gpt-oss-20b", "max_tokens")])
def test_the_limit_has_the_name_the_server_knows(model: str, field: str) -> None:
    body = rendered(model, max_tokens=5)
    assert {name for name in body if name.startswith("max_")} == {field}


def test_usage_is_always_asked_of_a_stream() -> None:
    body = rendered(stream=True)
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


def test_a_tool_choice_is_told() -> None:
    tools = (ir.Tool("f" * 70, {"type": "object"}, description="d", strict=True),)
    body = rendered(tools=tools, tool_choice=ir.ToolChoice("tool", "f" * 70, parallel=False))
    name = body["tools"][0]["function"]["name"]
    assert len(name) == 64
    assert body["tool_choice"] == {"type": "function", "function": {"name": name}}
    assert body["parallel_tool_calls"] is False


@pytest.mark.parametrize(
    ("reasoning", "effort"),
    [
        (None, None),
        (ir.Reasoning(enabled=True), None),
        (ir.Reasoning(effort="low"), "low"),
        (ir.Reasoning(enabled=False), None),
        (ir.Reasoning(enabled=True, budget=2048), "low"),
        (ir.Reasoning(enabled=True, budget=8000), "medium"),
        (ir.Reasoning(enabled=True, budget=24000), "high"),
        (ir.Reasoning(enabled=True, budget=50000), "xhigh"),
    ],
)
def test_a_budget_becomes_an_effort(reasoning: ir.Reasoning | None, effort: str | None) -> None:
    assert rendered(reasoning=reasoning).get("reasoning_effort") == effort


@pytest.mark.parametrize("user", ["short", "x" * 65, '{"device":"x"}'])
def test_a_user_is_told_to_openai_alone_and_briefly(user: str) -> None:
    told = rendered("gpt-5", user=user)["safety_identifier"]
    assert len(told) <= 64
    assert (told == user) == (user == "short")
    assert "safety_identifier" not in rendered("llama", user=user)


def test_more_stops_than_openai_takes_are_refused() -> None:
    with pytest.raises(Untranslatable) as caught:
        rendered("gpt-4o", stop=tuple("abcde"))
    assert caught.value.param == "stop_sequences"
    assert rendered("llama", stop=tuple("abcde"))["stop"] == list("abcde")
