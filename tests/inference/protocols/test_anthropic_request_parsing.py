"""Messages requests: a client's to the neutral form."""

import json
from typing import Any

import pytest

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols.anthropic_messages import parse_request
from inference.protocols.warnings import Warnings

PART = "messages[0].content[0]"
HELLO = {"role": "user", "content": "Hello"}
TOOL = {"name": "f", "input_schema": {"type": "object", "properties": {}}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def parsed(**fields: Any) -> ir.Request:
    return parse_request(
        json.dumps({"model": "m", "max_tokens": 9, "messages": [HELLO], **fields}).encode(), Warnings()
    )


def test_every_block_is_read() -> None:
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "opaque"},
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": ""},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"x": [1.5]}},
    ]
    (message,) = parsed(messages=[{"role": "assistant", "content": content}]).messages
    assert message.content == (
        ir.Thinking("hm", "sig"),
        ir.RedactedThinking("opaque"),
        ir.Text("a"),
        ir.ToolUse("t", "f", {"x": [1.5]}),
    )


@pytest.mark.parametrize(("content", "texts"), [("a", ["a"]), ([{"type": "text", "text": "a"}], ["a"]), (None, [])])
def test_a_result_is_read(content: object, texts: list[str]) -> None:
    block = {"type": "tool_result", "tool_use_id": "t", "content": content, "is_error": True}
    (message,) = parsed(messages=[{"role": "user", "content": [block]}]).messages
    assert message.content == (ir.ToolResult("t", tuple(ir.Text(text) for text in texts), is_error=True),)


def test_the_billing_header_is_left_out() -> None:
    system = [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=1"},
        {"type": "text", "text": "Be brief."},
    ]
    assert parsed(system=system).system == (ir.Text("Be brief."),)


@pytest.mark.parametrize(
    ("thinking", "reasoning", "shows"),
    [
        (None, None, False),
        ({"type": "disabled"}, ir.Reasoning(enabled=False), False),
        ({"type": "adaptive"}, ir.Reasoning(enabled=True), True),
        ({"type": "enabled", "budget_tokens": 2000}, ir.Reasoning(enabled=True, budget=2000), True),
    ],
)
def test_reasoning_is_shown_where_it_was_asked_for(
    thinking: object, reasoning: ir.Reasoning | None, shows: bool
) -> None:
    request = parsed(thinking=thinking)
    assert (request.reasoning, request.shows_reasoning) == (reasoning, shows)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, ir.ToolChoice("auto")),
        ({"type": "any", "disable_parallel_tool_use": True}, ir.ToolChoice("any", parallel=False)),
        ({"type": "tool", "name": "f"}, ir.ToolChoice("tool", "f")),
        ({"type": "none"}, ir.ToolChoice("none")),
    ],
)
def test_a_tool_choice_is_read(choice: dict[str, Any], expected: ir.ToolChoice) -> None:
    assert parsed(tools=[TOOL], tool_choice=choice).tool_choice == expected


def test_a_tool_that_the_vendor_runs_is_left_out_beside_others() -> None:
    assert [tool.name for tool in parsed(tools=[TOOL, SEARCH]).tools] == ["f"]


@pytest.mark.parametrize(
    ("fields", "kind", "param"),
    [
        ({"messages": []}, Kind.INVALID_VALUE, "messages"),
        ({"max_tokens": None}, Kind.INVALID_TYPE, "max_tokens"),
        ({"max_tokens": -1}, Kind.INVALID_VALUE, "max_tokens"),
        ({"messages": [{"role": "tool", "content": "x"}]}, Kind.INVALID_VALUE, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, Kind.UNSUPPORTED_CONTENT, f"{PART}.type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, Kind.MISSING_PARAMETER, f"{PART}.text"),
        ({"tools": [{"name": "f"}]}, Kind.MISSING_PARAMETER, "tools[0].input_schema"),
        ({"tools": [{"input_schema": {}}]}, Kind.MISSING_PARAMETER, "tools[0].name"),
        ({"tools": [SEARCH]}, Kind.UNSUPPORTED_TOOL, "tools[0].type"),
        (
            {"tools": [TOOL, SEARCH], "tool_choice": {"type": "tool", "name": "web_search"}},
            Kind.UNSUPPORTED_TOOL,
            "tools[1].type",
        ),
        ({"tools": [TOOL, {"type": "bash_20250124", "name": "bash"}]}, Kind.UNSUPPORTED_TOOL, "tools[1].type"),
        ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "x"}}, Kind.INVALID_VALUE, "tool_choice.name"),
        ({"mcp_servers": [{}]}, Kind.UNSUPPORTED_PARAMETER, "mcp_servers"),
        ({"container": "x"}, Kind.UNSUPPORTED_PARAMETER, "container"),
        ({"inference_geo": "eu"}, Kind.UNSUPPORTED_PARAMETER, "inference_geo"),
        ({"output_config": {"format": {"type": "json_schema"}}}, Kind.UNSUPPORTED_PARAMETER, "output_config.format"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], kind: Kind, param: str) -> None:
    with pytest.raises(GatewayError) as caught:
        parsed(**fields)
    assert (caught.value.kind, caught.value.param) == (kind, param)


def test_max_tokens_is_required_of_a_client() -> None:
    with pytest.raises(GatewayError) as caught:
        parse_request(json.dumps({"model": "m", "messages": [HELLO]}).encode(), Warnings())
    assert (caught.value.kind, caught.value.param) == (Kind.MISSING_PARAMETER, "max_tokens")
