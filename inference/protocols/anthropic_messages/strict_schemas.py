"""JSON schemas as Anthropic holds an answer or a call to them: a part of the language, the rest told in words."""

import msgspec

from inference.ir import JSON

FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"})
KEPT = frozenset({"type", "description", "title", "required", "$ref"})
ANNOTATIONS = frozenset({"$schema", "$id", "$comment", "additionalProperties"})
REFERRING = frozenset({"$ref", "$defs", "definitions"})
MEANS_SOMETHING = frozenset({"type", "anyOf", "allOf", "enum", "const", "$ref"})
PRIMITIVES = (str, int, float, bool, type(None))


class Inexpressible(Exception):
    """The schema allows what these cannot say: keys that it does not name, or anything at all."""


def strict_schema(schema: JSON) -> dict[str, JSON]:
    """Raises Inexpressible."""
    if not isinstance(schema, dict):
        raise Inexpressible
    if "$ref" in schema:
        # What stands beside a reference is refused.
        schema = {name: value for name, value in schema.items() if name in REFERRING}
    strict: dict[str, JSON] = {}
    rest: dict[str, JSON] = {}
    for name, value in schema.items():
        if (told := translated(name, value)) is not None:
            if told.keys() & strict.keys():
                raise Inexpressible
            strict |= told
        elif name not in ANNOTATIONS:
            rest[name] = value
    if "properties" in strict:
        strict.setdefault("type", "object")
    if not strict.keys() & MEANS_SOMETHING:
        raise Inexpressible
    if is_object(strict):
        close(strict, schema)
    if rest:
        strict["description"] = described(strict.get("description"), rest)
    return strict


def translated(name: str, value: JSON) -> dict[str, JSON] | None:
    """The keyword as it may stand. None for one that may not."""
    match name, value:
        case ("$defs" | "definitions", dict()):
            return {"$defs": {key: strict_schema(inner) for key, inner in value.items()}}
        case ("properties", dict()):
            return {name: {key: strict_schema(inner) for key, inner in value.items()}}
        case ("anyOf" | "oneOf", list()):
            return {"anyOf": [strict_schema(inner) for inner in value]}
        case ("allOf", list()):
            return {name: [strict_schema(inner) for inner in value]}
        case ("items", dict()):
            return {name: strict_schema(value)}
        case ("$ref", _):
            return {name: reference(value)}
        case ("enum", list()) if all(isinstance(item, PRIMITIVES) for item in value):
            return {name: value}
        case ("const", None | str() | int() | float()):
            return {name: value}
        case ("format", str()) if value in FORMATS:
            return {name: value}
        case ("minItems", 0 | 1):
            return {name: value}
        case _:
            return {name: value} if name in KEPT else None


def reference(value: JSON) -> JSON:
    """Definitions have had two names."""
    return value.replace("#/definitions/", "#/$defs/") if isinstance(value, str) else value


def is_object(schema: dict[str, JSON]) -> bool:
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)


def close(strict: dict[str, JSON], schema: dict[str, JSON]) -> None:
    """Every object says that it has no other keys; one that has them cannot be told."""
    others = schema.get("additionalProperties")
    is_free = "properties" not in schema and others is not False
    if is_free or isinstance(others, dict) or "patternProperties" in schema:
        raise Inexpressible
    strict.setdefault("properties", {})
    strict["additionalProperties"] = False


def described(description: JSON, rest: dict[str, JSON]) -> str:
    told = ", ".join(f"{name}: {msgspec.json.encode(value).decode()}" for name, value in rest.items())
    return f"{description}\n\n{{{told}}}" if description else f"{{{told}}}"
