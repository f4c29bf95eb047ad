"""What schemas say of the arguments of tools, whatever they are."""

import time
from typing import Any

import pytest

from inference.worker import parameters
from inference.worker.parameters import Unwritable
from tests.schemas import record

NULLABLE = {"anyOf": [{"type": "string"}, {"type": "null"}]}
TREE = {"anyOf": [{"$ref": "#/$defs/tree"}] * 10}


def read(**properties: Any) -> dict[str, str]:
    """What the parsers are told of each."""
    schema = {**record(**properties), "$defs": {"tree": TREE, "name": {"type": "string"}, "name or not": {}}}
    (told,) = parameters.as_read([{"type": "function", "function": {"name": "f", "parameters": schema}}])
    return {name: each["type"] for name, each in told["function"]["parameters"]["properties"].items()}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": ["string"]},
        {"enum": ["a", "b"]},
        {"const": "5"},
        {"$ref": "#/$defs/name"},
        {"anyOf": [{"type": "string", "maxLength": 3}, {"const": "x"}]},
        {"allOf": [{"$ref": "#/$defs/name"}, {}]},
    ],
)
def test_what_can_be_text_alone_is_read_as_text(schema: dict[str, Any]) -> None:
    assert read(a=schema) == {"a": "string"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer"},
        {},
        True,
        {"$ref": "#/$defs/tree"},
        {"$ref": "#/nowhere"},
        {"$ref": ["a"]},
        {"type": [["string"]]},
        {"type": {"string": 1}},
        {"anyOf": "string", "enum": 5, "allOf": {}},
    ],
)
def test_all_else_is_read_as_json_if_it_is(schema: Any) -> None:
    assert read(a=schema) == {"a": "object"}


@pytest.mark.parametrize("schema", [{"type": ["string", "null"]}, {"enum": ["a", None]}, NULLABLE])
def test_text_that_may_be_null_has_a_type_of_its_own(schema: dict[str, Any]) -> None:
    assert read(a=schema) == {"a": "text"}


def test_a_schema_without_end_is_not_looked_through() -> None:
    began = time.process_time()
    with pytest.raises(Unwritable, match="as large as this"):
        parameters.kinds(TREE, {"$defs": {"tree": TREE}})
    assert time.process_time() - began < 1
