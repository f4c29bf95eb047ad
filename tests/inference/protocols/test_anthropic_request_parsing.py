"""Messages requests: a client's to the neutral form."""

import json
from typing import Any

import pytest

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols.anthropic_messages import parse_request
from inference.protocols.warnings import Warnings

HELLO = {"role": "user", "content": "Hello"}
TOOL: dict[str, Any] = {"name": "f", "input_schema": {"type": "object", "properties": {}}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def body(**fields: Any) -> bytes:
    return json.dumps({"model": "m", "max_tokens": 9, "messages": [HELLO], **fields}).encode()


def parsed(**fields: Any) -> ir.Request:
    """Of a request that needs no warning."""
    return parse_request(body(**fields), Warnings(strict=True))


def warned(**fields: Any) -> tuple[ir.Request, list[tuple[str, str]]]:
    warnings = Warnings()
    return parse_request(body(**fields), warnings), list(warnings)


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
        ({"type": "adaptive", "display": "omitted"}, ir.Reasoning(enabled=True), False),
        ({"type": "between_tools"}, ir.Reasoning(enabled=False), True),
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
    request, warnings = warned(tools=[TOOL, SEARCH, {"type": "tool_search_tool_bm25", "name": "s"}])
    assert [tool.name for tool in request.tools] == ["f"]
    assert warnings == [("tools[1]", "server_tool"), ("tools[2]", "server_tool")]


def test_a_tool_is_read_without_what_only_anthropic_uses() -> None:
    own = {"eager_input_streaming": True, "defer_loading": True, "allowed_callers": ["direct"]}
    cached = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    (tool,) = parsed(tools=[TOOL | own | cached | {"type": "custom", "description": "d", "strict": True}]).tools
    assert tool == ir.Tool("f", TOOL["input_schema"], "d", strict=True, cache="1h")


@pytest.mark.parametrize(
    ("described", "text"),
    [({"description": "d"}, 'd\n\nExamples of its input:\n{"a":1}'), ({}, 'Examples of its input:\n{"a":1}')],
)
def test_the_examples_of_a_tools_input_are_told_in_its_description(described: dict[str, str], text: str) -> None:
    assert parsed(tools=[TOOL | described | {"input_examples": [{"a": 1}]}]).tools[0].description == text


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("bash_20250124", {"command", "restart"}),
        ("text_editor_20250124", {"command", "path", "view_range", "file_text", "old_str", "new_str", "insert_line"}),
        (
            "text_editor_20250728",
            {"command", "path", "view_range", "file_text", "old_str", "new_str", "insert_line", "insert_text"},
        ),
    ],
)
def test_a_tool_that_claude_knows_by_its_date_is_told_with_a_schema(kind: str, names: set[str]) -> None:
    (tool,) = parsed(tools=[{"type": kind, "name": "own"}]).tools
    assert tool.name == "own"
    assert set(tool.input_schema["properties"]) == names


@pytest.mark.parametrize("field", ["cache_control", "diagnostics", "user_profile_id", "workspace_id"])
def test_what_cannot_change_the_answer_is_dropped(field: str) -> None:
    parsed(**{field: {"type": "x"}})


@pytest.mark.parametrize(
    ("fields", "warning"),
    [
        ({"context_management": {"edits": []}}, ("context_management", "unsupported")),
        ({"compaction": {"enabled": True}}, ("compaction", "unsupported")),
        ({"fallbacks": [{"model": "x"}]}, ("fallbacks", "unsupported")),
        ({"fallback_credit_token": "x"}, ("fallback_credit_token", "unsupported")),
        ({"billing_policy": {}}, ("billing_policy", "unsupported")),
        ({"betas": ["x"]}, ("betas", "unsupported")),
        ({"speed": "fast"}, ("speed", "unsupported")),
        ({"output_config": {"task_budget": {"total": 1}}}, ("output_config.task_budget", "unsupported")),
        ({"logprobs": True}, ("logprobs", "unknown")),
    ],
)
def test_what_is_weakened_is_told(fields: dict[str, Any], warning: tuple[str, str]) -> None:
    assert warned(**fields)[1] == [warning]


def test_a_field_without_a_value_is_nothing() -> None:
    parsed(container=None, mcp_servers=[], context_management=None, whatever=None, speed="standard")


@pytest.mark.parametrize("field", ["output_config", "output_format"])
def test_a_wanted_schema_is_read(field: str) -> None:
    wanted = {"type": "json_schema", "schema": {"type": "object"}}
    value = {"format": wanted} if field == "output_config" else wanted
    path = "output_config.format" if field == "output_config" else field
    assert parsed(**{field: value}).output == ir.OutputFormat({"type": "object"}, path=path)


@pytest.mark.parametrize(("tier", "expected"), [("auto", "auto"), ("standard_only", "default"), (None, None)])
def test_a_service_tier_is_read(tier: str | None, expected: str | None) -> None:
    assert parsed(service_tier=tier).service_tier == expected


@pytest.mark.parametrize(
    ("user", "session"),
    [
        ('{"device_id":"d","account_uuid":"","session_id":"702240b1-65af"}', "702240b1-65af"),
        ("user_0af3_account__session_702240b1-65af", "702240b1-65af"),
        ("user_0af3", None),
        ("12", None),
        ('{"session_id":7}', None),
        (None, None),
    ],
)
def test_the_session_is_found_in_what_is_said_of_the_user(user: str | None, session: str | None) -> None:
    request = parsed(metadata={"user_id": user})
    assert (request.user, request.session) == (user, session)


def test_a_request_that_only_warms_the_cache_is_kept() -> None:
    assert parsed(max_tokens=0).max_tokens == 0


@pytest.mark.parametrize(
    ("fields", "kind", "param"),
    [
        ({"messages": []}, Kind.INVALID_VALUE, "messages"),
        ({"max_tokens": None}, Kind.INVALID_TYPE, "max_tokens"),
        ({"max_tokens": -1}, Kind.INVALID_VALUE, "max_tokens"),
        ({"messages": [{"role": "tool", "content": "x"}]}, Kind.INVALID_VALUE, "messages[0].role"),
        ({"messages": [HELLO] * 100_001}, Kind.INVALID_VALUE, "messages"),
        ({"tools": [TOOL] * 1025}, Kind.INVALID_VALUE, "tools"),
        ({"tools": [{"name": "f"}]}, Kind.MISSING_PARAMETER, "tools[0].input_schema"),
        ({"tools": [{"input_schema": {}}]}, Kind.MISSING_PARAMETER, "tools[0].name"),
        ({"tools": [SEARCH]}, Kind.UNSUPPORTED_TOOL, "tools[0].type"),
        (
            {"tools": [TOOL, SEARCH], "tool_choice": {"type": "tool", "name": "web_search"}},
            Kind.UNSUPPORTED_TOOL,
            "tools[1].type",
        ),
        ({"tools": [SEARCH, SEARCH]}, Kind.UNSUPPORTED_TOOL, "tools[0].type"),
        ({"tools": [TOOL, {"type": "memory_20250818", "name": "memory"}]}, Kind.UNSUPPORTED_TOOL, "tools[1].type"),
        ({"tools": [TOOL, {"type": "computer_20250124", "name": "c"}]}, Kind.UNSUPPORTED_TOOL, "tools[1].type"),
        ({"tools": [TOOL, {"type": "mcp_toolset"}]}, Kind.UNSUPPORTED_TOOL, "tools[1].type"),
        ({"tool_choice": {"type": "any"}}, Kind.INVALID_VALUE, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "x"}}, Kind.INVALID_VALUE, "tool_choice.name"),
        ({"mcp_servers": [{}]}, Kind.UNSUPPORTED_PARAMETER, "mcp_servers"),
        ({"container": "x"}, Kind.UNSUPPORTED_PARAMETER, "container"),
        ({"inference_geo": "eu"}, Kind.UNSUPPORTED_PARAMETER, "inference_geo"),
        ({"thread": {"id": "t"}}, Kind.UNSUPPORTED_PARAMETER, "thread"),
        (
            {"output_config": {"format": {"type": "regex", "schema": {}}}},
            Kind.INVALID_VALUE,
            "output_config.format.type",
        ),
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
