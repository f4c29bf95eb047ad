"""The tools of a chat completions request: the neutral form to an upstream's."""

from typing import Any

import pytest

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.protocols.openai_chat.strictness import is_strict
from tests.inference.protocols.openai_requests import render, render_warnings, rendered

CLOSED: dict[str, Any] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
LONG = "f" * 70


def closed(**properties: Any) -> dict[str, Any]:
    return CLOSED | {"properties": properties, "required": list(properties)}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        (ir.ToolChoice("auto"), "auto"),
        (ir.ToolChoice("any"), "required"),
        (ir.ToolChoice("none"), "none"),
        (ir.ToolChoice("tool", "f"), {"type": "function", "function": {"name": "f"}}),
    ],
)
def test_a_tool_choice_is_told(choice: ir.ToolChoice | None, expected: object) -> None:
    body = rendered(tools=(ir.Tool("f", CLOSED),), tool_choice=choice)
    assert body.get("tool_choice") == expected
    assert "parallel_tool_calls" not in body


def test_calls_one_at_a_time_are_asked_for_only_beside_tools() -> None:
    choice = ir.ToolChoice(parallel=False)
    assert rendered(tools=(ir.Tool("f", CLOSED),), tool_choice=choice)["parallel_tool_calls"] is False
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & rendered(tool_choice=choice).keys()


def test_a_choice_of_no_tool_is_refused() -> None:
    with pytest.raises(Untranslatable) as caught:
        rendered(tools=(ir.Tool("f", CLOSED),), tool_choice=ir.ToolChoice("tool", "g"))
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "tool_choice.name")


@pytest.mark.parametrize("longest", [16, 64, 128])
def test_a_name_fits_the_model_everywhere_and_leads_back(longest: int) -> None:
    asked: dict[str, Any] = {
        "tools": (ir.Tool(LONG, CLOSED, description="d"),),
        "tool_choice": ir.ToolChoice("tool", LONG),
        "messages": (ir.Message("assistant", (ir.ToolUse("c", LONG, {}),)), ir.Message("user", (ir.Text("a"),))),
    }
    profile = {"tool_name_max": longest}
    body = rendered(profile=profile, **asked)
    name = body["tools"][0]["function"]["name"]
    assert len(name) <= longest
    assert body["tool_choice"]["function"]["name"] == name
    assert body["messages"][0]["tool_calls"][0]["function"]["name"] == name
    assert render(profile=profile, **asked)[0].names == ({} if name == LONG else {name: LONG})


@pytest.mark.parametrize(
    ("tool", "strict", "told"),
    [
        (ir.Tool("f", CLOSED), None, []),
        (ir.Tool("f", CLOSED, strict=False), None, []),
        (ir.Tool("f", CLOSED, strict=True), True, []),
        (ir.Tool("f", {"type": "object"}, strict=True), None, [("tools[0].strict", "unsupported")]),
    ],
)
def test_a_tool_is_strict_where_its_schema_is(tool: ir.Tool, strict: object, told: list[tuple[str, str]]) -> None:
    assert rendered(tools=(tool,))["tools"][0]["function"].get("strict") is strict
    assert render_warnings(tools=(tool,)) == told


def test_a_server_that_knows_no_strict_tools_is_not_told_of_them() -> None:
    asked: dict[str, Any] = {"profile": {"strict_tools": False}, "tools": (ir.Tool("f", CLOSED, strict=True),)}
    assert "strict" not in rendered(**asked)["tools"][0]["function"]
    assert render_warnings(**asked) == [("tools[0].strict", "unsupported")]


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (CLOSED, True),
        (closed(a={"type": ["string", "null"], "description": "d"}, b={"type": "array", "items": closed()}), True),
        (closed(a={"anyOf": [{"type": "string", "format": "date"}, closed()]}), True),
        (closed(a={"$ref": "#/$defs/A"}) | {"$defs": {"A": closed()}}, True),
        ({"type": "object", "properties": {}}, False),
        (closed(a={"type": "string"}) | {"required": []}, False),
        (closed() | {"required": ["a"]}, False),
        (closed() | {"additionalProperties": {"type": "string"}}, False),
        (closed(a={"type": "object"}), False),
        (closed(a={"type": "array", "items": {"type": "object"}}), False),
        (closed(a={"anyOf": [{"type": "object"}]}), False),
        (closed(a={"$ref": "#/$defs/A"}) | {"$defs": {"A": {"type": "object"}}}, False),
        (closed(a={}), False),
        (closed(a=True), False),
        (closed(a={"type": "string", "default": ""}), False),
        (closed(a={"oneOf": [{"type": "string"}]}), False),
        (closed() | {"anyOf": [closed()]}, False),
        ({"type": "array", "items": {"type": "string"}}, False),
        (closed() | {"properties": [], "required": "a"}, False),
    ],
)
def test_strict_is_what_openai_takes_as_strict(schema: dict[str, Any], strict: bool) -> None:
    assert is_strict(schema) is strict
