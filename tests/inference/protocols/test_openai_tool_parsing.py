"""The tools of a chat completions request: a client's to the neutral form."""

from typing import Any

import pytest

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols.names import fit_name
from tests.inference.protocols.openai_requests import parse_warnings, parsed

LONG = "mcp__" + "server_" * 20 + "tool"
EMPTY = {"type": "object", "properties": {}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": EMPTY}}
OTHER_TOOL = {"type": "function", "function": {"name": "g"}}
LONG_TOOL = {"type": "function", "function": {"name": LONG}}
CUSTOM = {"type": "custom", "custom": {"name": "sql", "description": "Asks."}}
GRAMMAR = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /a+/"}}


def named(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


def allowing(mode: str, *choices: dict[str, Any]) -> dict[str, Any]:
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": list(choices)}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"tool_choice": "auto"}, ir.ToolChoice("auto")),
        ({"tool_choice": "none"}, ir.ToolChoice("none")),
        ({"tool_choice": "required"}, ir.ToolChoice("any")),
        ({"tool_choice": named("g")}, ir.ToolChoice("tool", "g")),
        ({"tool_choice": named(fit_name(LONG))}, ir.ToolChoice("tool", LONG)),
        ({"tool_choice": {"type": "custom", "custom": {"name": "sql"}}}, ir.ToolChoice("tool", "sql")),
        ({}, None),
        ({"parallel_tool_calls": True}, None),
        ({"parallel_tool_calls": False}, ir.ToolChoice("auto", parallel=False)),
        ({"parallel_tool_calls": False, "tool_choice": "required"}, ir.ToolChoice("any", parallel=False)),
    ],
)
def test_a_tool_choice_is_read(fields: dict[str, Any], expected: ir.ToolChoice | None) -> None:
    assert parsed(tools=[TOOL, OTHER_TOOL, LONG_TOOL, CUSTOM], **fields).tool_choice == expected


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_without_tools_there_is_no_choice(choice: str) -> None:
    assert parsed(tool_choice=choice, parallel_tool_calls=False).tool_choice is None


@pytest.mark.parametrize(("mode", "choice"), [("auto", "auto"), ("required", "any")])
def test_allowed_tools_are_those_offered(mode: str, choice: Any) -> None:
    custom = {"type": "custom", "custom": {"name": "sql"}}
    request = parsed(tools=[TOOL, OTHER_TOOL, CUSTOM], tool_choice=allowing(mode, named("g"), custom))
    assert [tool.name for tool in request.tools] == ["g", "sql"]
    assert request.tool_choice == ir.ToolChoice(choice)


def test_a_tool_without_parameters_takes_an_empty_object() -> None:
    assert parsed(tools=[OTHER_TOOL]).tools == (ir.Tool("g", {"type": "object", "properties": {}}),)


def test_a_function_is_read_with_all_it_has() -> None:
    function = {"name": "f", "description": "d", "parameters": EMPTY, "strict": True}
    assert parsed(tools=[{"type": "function", "function": function}]).tools == (
        ir.Tool("f", EMPTY, description="d", strict=True),
    )


@pytest.mark.parametrize("place", ["tool", "function"])
def test_a_tool_may_ask_to_be_cached(place: str) -> None:
    hint = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    tool = TOOL | hint if place == "tool" else {"type": "function", "function": {"name": "f"} | hint}
    assert [found.cache for found in parsed(tools=[tool]).tools] == ["1h"]


def test_a_custom_tool_is_a_function_of_one_text() -> None:
    request = parsed(tools=[TOOL, CUSTOM])
    schema = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
    assert request.tools[1] == ir.Tool("sql", schema | {"additionalProperties": False}, description="Asks.")
    assert request.custom_tools == ("sql",)
    assert not parse_warnings(tools=[TOOL, CUSTOM])


@pytest.mark.parametrize(("description", "begins"), [({"description": "Asks."}, "Asks.\n\nThe"), ({}, "The")])
def test_a_grammar_is_told_to_the_model_which_nobody_holds_to_it(description: dict[str, str], begins: str) -> None:
    tool = {"type": "custom", "custom": {"name": "sql", "format": GRAMMAR} | description}
    (found,) = parsed(tools=[tool]).tools
    assert found.description is not None
    assert found.description.startswith(begins)
    assert found.description.endswith("lark grammar:\nstart: /a+/")
    assert parse_warnings(tools=[tool]) == [("tools[0].custom.format", "not_enforced")]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ir.ToolChoice("auto", parallel=False)),
        ("none", ir.ToolChoice("none", parallel=False)),
        ({"name": "g"}, ir.ToolChoice("tool", "g", parallel=False)),
    ],
)
def test_older_functions_are_tools_called_one_at_a_time(choice: object, expected: ir.ToolChoice) -> None:
    functions = [{"name": "f", "description": "d", "parameters": EMPTY}, {"name": "g"}]
    request = parsed(functions=functions, function_call=choice)
    assert request.tools == (ir.Tool("f", EMPTY, description="d"), ir.Tool("g", EMPTY))
    assert request.tool_choice == expected
    assert request.legacy_functions


def test_a_client_that_offers_tools_knows_calls_by_that_name() -> None:
    assert not parsed(tools=[TOOL], functions=[{"name": "g"}]).legacy_functions


@pytest.mark.parametrize(
    ("fields", "kind", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, Kind.UNSUPPORTED_TOOL, "tools[0].type"),
        ({"tools": [TOOL, {"type": "function"}]}, Kind.MISSING_PARAMETER, "tools[1].function"),
        ({"tools": [named("")]}, Kind.INVALID_VALUE, "tools[0].function.name"),
        ({"functions": [{"name": ""}]}, Kind.INVALID_VALUE, "functions[0].name"),
        ({"tools": [TOOL], "tool_choice": named("x")}, Kind.INVALID_VALUE, "tool_choice.function.name"),
        ({"functions": [{"name": "f"}], "function_call": {"name": "x"}}, Kind.INVALID_VALUE, "function_call.name"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "custom", "custom": {"name": "x"}}},
            Kind.INVALID_VALUE,
            "tool_choice.custom.name",
        ),
        (
            {"tools": [TOOL], "tool_choice": allowing("auto", named("f"), named("x"))},
            Kind.INVALID_VALUE,
            "tool_choice.allowed_tools.tools[1]",
        ),
        ({"tools": [TOOL], "tool_choice": allowing("auto")}, Kind.INVALID_VALUE, "tool_choice.allowed_tools.tools"),
        ({"tool_choice": "required"}, Kind.INVALID_VALUE, "tool_choice"),
        ({"tool_choice": named("f")}, Kind.INVALID_VALUE, "tool_choice"),
        ({"tool_choice": allowing("auto", named("f"))}, Kind.INVALID_VALUE, "tool_choice"),
        ({"tools": [], "function_call": {"name": "f"}}, Kind.INVALID_VALUE, "function_call"),
        ({"tools": [OTHER_TOOL] * 1025}, Kind.INVALID_VALUE, "tools"),
        ({"functions": [{"name": "f"}] * 1025}, Kind.INVALID_VALUE, "functions"),
    ],
)
def test_a_wrong_tool_is_named(fields: dict[str, Any], kind: Kind, param: str) -> None:
    with pytest.raises(GatewayError) as caught:
        parsed(**fields)
    assert (caught.value.kind, caught.value.param) == (kind, param)
