"""Chat completions requests: a client's to the neutral form."""

import json
from typing import Any

import pytest

from inference import ir
from inference.errors import GatewayError, Kind, Untranslatable
from inference.protocols.openai_chat import parse_request
from inference.protocols.warnings import Warnings

PART = "messages[0].content[0]"
HELLO = {"role": "user", "content": "Hello"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
OTHER_TOOL = {"type": "function", "function": {"name": "g"}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}


def parsed(**fields: Any) -> ir.Request:
    return parse_request(json.dumps({"model": "m", "messages": [HELLO], **fields}).encode(), Warnings())


def conversation(*messages: dict[str, Any]) -> tuple[ir.Message, ...]:
    return parsed(messages=list(messages)).messages


def test_leading_system_messages_are_the_system_texts() -> None:
    request = parsed(messages=[{"role": "system", "content": "A"}, {"role": "developer", "content": "B"}, HELLO])
    assert request.system == (ir.Text("A"), ir.Text("B"))
    assert request.messages == (ir.Message("user", (ir.Text("Hello"),)),)


def test_a_later_system_message_stays_where_it_is() -> None:
    assert conversation(HELLO, {"role": "system", "content": "B"})[1] == ir.Message("system", (ir.Text("B"),))


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("a", ["a"]),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], ["a", "b"]),
        ([{"type": "text", "text": " \n"}, {"type": "text", "text": "b"}], ["b"]),
        ("", []),
    ],
)
def test_content_is_a_text_or_parts(content: object, texts: list[str]) -> None:
    (message,) = conversation({"role": "user", "content": content})
    assert message.content == tuple(ir.Text(text) for text in texts)


def test_an_assistant_turn_is_thinking_text_and_calls() -> None:
    (message,) = conversation(
        {"role": "assistant", "content": "a", "refusal": "b", "reasoning_content": "hm", "tool_calls": [CALL]}
    )
    assert message.content == (ir.Thinking("hm"), ir.Text("a"), ir.Text("b"), ir.ToolUse("call_1", "f", {"x": 1}))


def test_native_thinking_wins_over_its_text() -> None:
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "sig", "index": 0},
        {"type": "redacted_thinking", "data": "opaque", "index": 1},
    ]
    (message,) = conversation(
        {"role": "assistant", "content": "a", "reasoning_content": "hm", "thinking_blocks": blocks}
    )
    assert message.content == (ir.Thinking("hm", "sig"), ir.RedactedThinking("opaque"), ir.Text("a"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", {}),
        (" ", {}),
        (None, {}),
        ({"x": 1}, {"x": 1}),
        ('{"x": 1}', {"x": 1}),
        ("[1]", {"_raw": "[1]"}),
        ('{"x":', {"_raw": '{"x":'}),
    ],
)
def test_arguments_are_always_an_object(arguments: object, expected: dict[str, Any]) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    (message,) = conversation({"role": "assistant", "tool_calls": [call]})
    assert message.content == (ir.ToolUse("c", "f", expected),)


def test_a_tool_message_is_a_result() -> None:
    (message,) = conversation({"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "1"}]})
    assert message == ir.Message("user", (ir.ToolResult("c", (ir.Text("1"),)),))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"tool_choice": "auto"}, ir.ToolChoice("auto")),
        ({"tool_choice": "none"}, ir.ToolChoice("none")),
        ({"tool_choice": "required"}, ir.ToolChoice("any")),
        ({"tool_choice": {"type": "function", "function": {"name": "g"}}}, ir.ToolChoice("tool", "g")),
        ({}, None),
        ({"parallel_tool_calls": False}, ir.ToolChoice("auto", parallel=False)),
        ({"parallel_tool_calls": False, "tool_choice": "required"}, ir.ToolChoice("any", parallel=False)),
    ],
)
def test_a_tool_choice_is_read(fields: dict[str, Any], expected: ir.ToolChoice | None) -> None:
    assert parsed(tools=[TOOL, OTHER_TOOL], **fields).tool_choice == expected


def test_allowed_tools_are_those_offered() -> None:
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "g"}}]}
    request = parsed(tools=[TOOL, OTHER_TOOL], tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert [tool.name for tool in request.tools] == ["g"]
    assert request.tool_choice == ir.ToolChoice("any")


def test_a_tool_without_parameters_takes_an_empty_object() -> None:
    assert parsed(tools=[OTHER_TOOL]).tools == (ir.Tool("g", {"type": "object", "properties": {}}),)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"reasoning_effort": "high"}, ir.Reasoning(enabled=True, effort="high")),
        ({"reasoning_effort": "none"}, ir.Reasoning(enabled=False)),
        (
            {"reasoning_effort": "high", "thinking": {"type": "enabled", "budget_tokens": 2000}},
            ir.Reasoning(enabled=True, budget=2000),
        ),
        ({"thinking": {"type": "disabled"}}, ir.Reasoning(enabled=False)),
    ],
)
def test_what_is_asked_of_thinking_is_read(fields: dict[str, Any], expected: ir.Reasoning | None) -> None:
    assert parsed(**fields).reasoning == expected


def test_the_rest_is_read() -> None:
    request = parsed(
        max_tokens=1,
        max_completion_tokens=2,
        temperature=0,
        top_p=0.5,
        seed=7,
        logit_bias={"1": 2},
        stop="x",
        stream=True,
        stream_options={"include_usage": True},
        user="u",
        unknown={"a": 1},
        n=1,
        logprobs=False,
        response_format={"type": "text"},
    )
    assert request.max_tokens == 2
    assert request.sampling == ir.Sampling(temperature=0, top_p=0.5, seed=7, logit_bias={"1": 2})
    assert (request.stop, request.stream, request.include_usage, request.user) == (("x",), True, True, "u")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "x"}}, "audio"),
        ({"functions": []}, "functions"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
    ],
)
def test_a_contract_nobody_else_can_keep_is_refused(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Untranslatable) as caught:
        parsed(**fields)
    assert (caught.value.kind, caught.value.param) == (Kind.UNSUPPORTED_PARAMETER, param)


@pytest.mark.parametrize(
    ("fields", "kind", "param"),
    [
        ({"messages": None}, Kind.INVALID_TYPE, "messages"),
        ({"messages": []}, Kind.INVALID_VALUE, "messages"),
        ({"messages": [HELLO, {"role": "user"}]}, Kind.MISSING_PARAMETER, "messages[1].content"),
        ({"messages": [{"role": "robot"}]}, Kind.INVALID_VALUE, "messages[0].role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            Kind.UNSUPPORTED_CONTENT,
            f"{PART}.type",
        ),
        ({"messages": [{"role": "assistant", "audio": {"id": "x"}}]}, Kind.UNSUPPORTED_CONTENT, "messages[0].audio"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, Kind.UNSUPPORTED_TOOL, "tools[0].type"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "x"}}},
            Kind.INVALID_VALUE,
            "tool_choice.function.name",
        ),
        ({"temperature": "hot"}, Kind.INVALID_TYPE, "temperature"),
        ({"max_tokens": 0}, Kind.INVALID_VALUE, "max_tokens"),
        ({"max_completion_tokens": -1}, Kind.INVALID_VALUE, "max_completion_tokens"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], kind: Kind, param: str) -> None:
    with pytest.raises(GatewayError) as caught:
        parsed(**fields)
    assert (caught.value.kind, caught.value.param) == (kind, param)
