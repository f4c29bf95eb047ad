"""Answers that shall be JSON, from an Anthropic upstream."""

import json
from typing import Any

import pytest

from inference import ir
from inference.protocols.anthropic_messages import stream_parser
from inference.protocols.anthropic_messages.strict_schemas import Inexpressible, strict_schema
from inference.protocols.folding import fold
from inference.protocols.joining import UndoingParser
from tests.inference.protocols.anthropic_requests import HELLO, NEWEST, TOOL, rendered, warned, whole

OLD = "claude-opus-4-0"
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
CLOSED = SCHEMA | {"additionalProperties": False}
FREE = {"type": "object", "additionalProperties": {"type": "string"}}
WANTED = ir.OutputFormat(SCHEMA, name="thing", strict=True)
WEAKENED = [("response_format", "as_instruction")]
ASKING = ir.Message("assistant", (ir.ToolUse("t", "f", {}),))
ANSWERED = ir.Message("user", (ir.ToolResult("t", ()),))


def test_a_model_that_can_be_held_to_a_schema_is() -> None:
    body = rendered(output=WANTED, reasoning=ir.Reasoning(enabled=True, effort="high"), tools=(TOOL,))
    assert body["output_config"] == {"effort": "high", "format": {"type": "json_schema", "schema": CLOSED}}
    assert "system" not in body


def test_a_model_that_cannot_is_made_to_call_a_tool_that_has_the_schema() -> None:
    answer = whole(OLD, output=WANTED)
    body = json.loads(answer.body)
    assert body["tools"] == [{"name": "answer", "input_schema": SCHEMA, "description": "Gives the answer."}]
    assert (body["tool_choice"], answer.answer_tool) == ({"type": "tool", "name": "answer"}, "answer")
    rendered(OLD, output=WANTED)


def test_the_call_of_that_tool_is_the_answer() -> None:
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"content": [], "usage": {}}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "tool_use", "id": "t", "name": "answer", "input": {}},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"a":"b"}'}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]
    stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    parser = UndoingParser(stream_parser(), whole(OLD, output=WANTED))
    completion = fold([*parser.feed(stream.encode()), *parser.close()])
    assert (completion.content, completion.stop_reason) == ((ir.Text('{"a":"b"}'),), "end_turn")


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": (TOOL,)},
        {"messages": (HELLO, ASKING, ANSWERED)},
        {"reasoning": ir.Reasoning(enabled=True)},
        {"output": ir.OutputFormat({"type": "array", "items": {"type": "string"}})},
        {"output": ir.OutputFormat({"type": "object", "anyOf": [SCHEMA, SCHEMA]})},
    ],
)
def test_where_no_tool_can_stand_for_the_answer_it_is_asked_for_in_words(fields: dict[str, Any]) -> None:
    body, warnings = warned(OLD, **{"output": WANTED, "system": (ir.Text("Be brief."),), **fields})
    assert warnings == WEAKENED
    assert body["system"][0]["text"] == "Be brief."
    schema = body["system"][1]["text"].partition("\n")[2]
    assert json.loads(schema) == fields.get("output", WANTED).schema
    assert "answer" not in [tool["name"] for tool in body.get("tools", [])]


def test_a_model_that_always_thinks_is_asked_in_words() -> None:
    overrides = {"structured_outputs": False, "thinking_modes": ["adaptive"]}
    body, warnings = warned(NEWEST, overrides, output=WANTED)
    assert ("tools" in body, warnings) == (False, WEAKENED)


def test_keys_that_a_schema_does_not_name_are_asked_for_in_words() -> None:
    body, warnings = warned(output=ir.OutputFormat(FREE))
    assert ("output_config" in body, warnings) == (False, WEAKENED)
    assert json.dumps(FREE, separators=(",", ":")) in body["system"][0]["text"]


@pytest.mark.parametrize("model", [NEWEST, OLD])
def test_any_json_object_is_asked_for_in_words(model: str) -> None:
    body, warnings = warned(model, output=ir.OutputFormat())
    assert "JSON object" in body["system"][0]["text"]
    assert warnings == WEAKENED
    assert not body.keys() & {"tools", "output_config"}


def test_the_warning_names_the_clients_own_field() -> None:
    wanted = ir.OutputFormat(FREE, path="output_config.format")
    assert warned(output=wanted)[1] == [("output_config.format", "as_instruction")]


STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (STRING | {"title": "T", "description": "D"}, STRING | {"title": "T", "description": "D"}),
        (STRING | {"format": "date-time"}, STRING | {"format": "date-time"}),
        (STRING | {"format": "color"}, STRING | {"description": '{format: "color"}'}),
        (STRING | {"minLength": 1, "pattern": "^a"}, STRING | {"description": '{minLength: 1, pattern: "^a"}'}),
        (
            {"type": "integer", "minimum": 1, "description": "A number"},
            {"type": "integer", "description": "A number\n\n{minimum: 1}"},
        ),
        ({"type": ["string", "null"], "default": None}, {"type": ["string", "null"], "description": "{default: null}"}),
        ({"enum": ["a", 1, None]}, {"enum": ["a", 1, None]}),
        (STRING | {"enum": [["a"]]}, STRING | {"description": '{enum: [["a"]]}'}),
        ({"const": 3}, {"const": 3}),
        ({"type": "array", "items": STRING, "minItems": 1}, {"type": "array", "items": STRING, "minItems": 1}),
        ({"type": "array", "minItems": 2}, {"type": "array", "description": "{minItems: 2}"}),
        ({"oneOf": [STRING, {"type": "null"}]}, {"anyOf": [STRING, {"type": "null"}]}),
        ({"allOf": [SCHEMA]}, {"allOf": [CLOSED]}),
        (SCHEMA, CLOSED),
        (SCHEMA | {"additionalProperties": True, "$schema": "x"}, CLOSED),
        ({"properties": {"a": STRING}}, {"properties": {"a": STRING}, "type": "object", "additionalProperties": False}),
        (
            {"type": "object", "additionalProperties": False},
            {"type": "object", "properties": {}, "additionalProperties": False},
        ),
        ({"$ref": "#/$defs/A", "description": "x"}, {"$ref": "#/$defs/A"}),
        (
            {"$ref": "#/definitions/A", "definitions": {"A": SCHEMA}},
            {"$ref": "#/$defs/A", "$defs": {"A": CLOSED}},
        ),
    ],
)
def test_a_schema_is_told_in_the_part_of_the_language_that_is_known(schema: object, expected: object) -> None:
    assert strict_schema(schema) == expected


@pytest.mark.parametrize(
    "schema",
    [
        FREE,
        {"type": "object"},
        {"type": ["object", "null"]},
        {},
        True,
        SCHEMA | {"patternProperties": {"^x": STRING}},
        {"anyOf": [STRING], "oneOf": [STRING]},
        SCHEMA | {"properties": {"a": FREE}},
        {"type": "array", "items": FREE},
        {"type": "array", "items": {}},
        {"$ref": "#/$defs/A", "$defs": {"A": FREE}},
        {"anyOf": [STRING, FREE]},
    ],
)
def test_a_schema_that_allows_more_than_it_names_cannot_be_told(schema: object) -> None:
    with pytest.raises(Inexpressible):
        strict_schema(schema)
