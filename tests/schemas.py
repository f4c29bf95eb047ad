"""JSON schemas as clients send them."""

from typing import Any


def record(**properties: Any) -> dict[str, Any]:
    """An object of exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


# Bounded, as is what follows: at a high temperature nothing else comes to its end within any limit for sure.
STRING = {"type": "string", "maxLength": 40}
COUNT = {"type": "integer", "minimum": 0, "maximum": 10**9}
NUMBER = {"type": "number"}
NULL = {"type": "null"}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
AGE = {"type": "integer", "minimum": 18, "maximum": 99}
LEAF = record(value=COUNT)

SCHEMAS: dict[str, dict[str, Any]] = {
    "flat": record(city=STRING, people=COUNT),
    "nested": record(place=record(name=STRING, at=record(north=NUMBER, east=NUMBER)), open={"type": "boolean"}),
    "array": record(names={"type": "array", "items": STRING, "minItems": 1, "maxItems": 4}),
    "enum": record(colour={"enum": ["red", "green", "blue", None]}, size={"const": "large"}),
    "bounds": record(share=SHARE, age=AGE),
    "optional": {
        "type": "object",
        "properties": {"name": STRING, "note": {"type": ["string", "null"], "maxLength": 20}},
        "required": ["name"],
        "additionalProperties": False,
    },
    "any of": record(value={"anyOf": [COUNT, NULL, record(kind={"const": "text"}, text=STRING)]}),
    "pattern": record(code={"type": "string", "pattern": "^[A-Z]{3}-[0-9]{2,4}$"}),
    "formats": record(
        day={"type": "string", "format": "date"},
        mail={"type": "string", "format": "email", "maxLength": 30},
        id={"type": "string", "format": "uuid"},
    ),
    "references": {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": record(value=COUNT, rest={"anyOf": [{"$ref": "#/$defs/leaf"}, NULL]}),
            "leaf": LEAF,
        },
    },
    "map": {
        "type": "object",
        "patternProperties": {"^[a-z]{1,12}$": {"type": "boolean"}},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 3,
    },
}

# Each pattern alone is harmless.
EXPLODING = record(a={"allOf": [{"type": "string", "pattern": f"[a-z]{{{number}}}.*[0-9]"} for number in range(30)]})
