"""Tools for an Anthropic upstream."""

from typing import Any

import pytest

from inference import ir
from inference.errors import Kind, Untranslatable
from tests.inference.protocols.anthropic_requests import BUDGETED, HELLO, NEWEST, TOOL, rendered, warned, whole

LONG = "mcp__" + "server_" * 20 + "tool"
ASKING = ir.Message("assistant", (ir.ToolUse("t", LONG, {}),))
ANSWERED = ir.Message("user", (ir.ToolResult("t", ()),))
PERSON: dict[str, Any] = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 0}}}


def test_a_tool_is_told() -> None:
    tool = ir.Tool("f", TOOL.input_schema, "Does it.", cache="1h")
    assert rendered(tools=(tool,))["tools"] == [
        {
            "name": "f",
            "input_schema": TOOL.input_schema,
            "description": "Does it.",
            "cache_control": {"type": "ephemeral", "ttl": "1h"},
        }
    ]


@pytest.mark.parametrize(("model", "longest"), [(NEWEST, 128), (BUDGETED, 128), ("some-model", 64)])
def test_a_name_too_long_is_fitted_everywhere_and_leads_back(model: str, longest: int) -> None:
    tools = (ir.Tool(LONG, {}),)
    choice = ir.ToolChoice("tool", LONG)
    body = rendered(model, messages=(HELLO, ASKING, ANSWERED), tools=tools, tool_choice=choice)
    name = body["tools"][0]["name"]
    assert len(name) == longest
    assert (body["messages"][1]["content"][0]["name"], body["tool_choice"]["name"]) == (name, name)
    assert whole(model, tools=tools).names == {name: LONG}


@pytest.mark.parametrize("model", [NEWEST, "some-model"])
def test_a_history_of_calls_brings_its_tools(model: str) -> None:
    body = rendered(model, messages=(HELLO, ASKING, ANSWERED))
    (tool,) = body["tools"]
    assert tool["input_schema"] == {"type": "object", "properties": {}}
    assert tool["name"] == body["messages"][1]["content"][0]["name"]
    assert body["tool_choice"] == {"type": "none"}


def test_a_schema_without_a_type_gets_an_object_at_its_root() -> None:
    assert rendered(tools=(ir.Tool("f", {"properties": {}}),))["tools"][0]["input_schema"] == TOOL.input_schema


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
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
def test_alternatives_at_a_schemas_root_become_one_object(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    body, warnings = warned(tools=(TOOL, ir.Tool("g", schema)))
    assert body["tools"][1]["input_schema"] == expected
    assert warnings == [("tools[1].function.parameters", "alternatives_merged")]


def test_a_strict_tool_stays_one_where_the_model_knows_them() -> None:
    (tool,) = rendered(tools=(ir.Tool("f", PERSON, strict=True),))["tools"]
    assert tool["strict"] is True
    assert tool["input_schema"] == {
        "type": "object",
        "properties": {"age": {"type": "integer", "description": "{minimum: 0}"}},
        "additionalProperties": False,
    }


@pytest.mark.parametrize(("overrides", "strict"), [({"strict_tools": False}, True), ({}, False), ({}, None)])
def test_another_tool_keeps_its_schema(overrides: dict[str, Any], strict: bool | None) -> None:
    (tool,) = rendered(NEWEST, overrides, tools=(ir.Tool("f", PERSON, strict=strict),))["tools"]
    assert tool == {"name": "f", "input_schema": PERSON}


def test_a_schema_that_cannot_be_strict_is_warned_of() -> None:
    free = {"type": "object", "additionalProperties": {"type": "string"}}
    body, warnings = warned(tools=(ir.Tool("f", free, strict=True),))
    assert body["tools"] == [{"name": "f", "input_schema": free}]
    assert warnings == [("tools[0].function.strict", "schema")]


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (ir.ToolChoice("auto"), {"type": "auto"}),
        (ir.ToolChoice("auto", parallel=False), {"type": "auto", "disable_parallel_tool_use": True}),
        (ir.ToolChoice("none", parallel=False), {"type": "none"}),
        (ir.ToolChoice("any", parallel=False), {"type": "any", "disable_parallel_tool_use": True}),
        (ir.ToolChoice("tool", "f"), {"type": "tool", "name": "f"}),
    ],
)
def test_a_tool_choice_is_told(choice: ir.ToolChoice, told: dict[str, Any]) -> None:
    assert rendered(tools=(TOOL,), tool_choice=choice)["tool_choice"] == told


def test_a_choice_of_a_tool_that_is_not_offered_is_refused() -> None:
    with pytest.raises(Untranslatable) as caught:
        rendered(tools=(TOOL,), tool_choice=ir.ToolChoice("tool", "g"))
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "tool_choice")
