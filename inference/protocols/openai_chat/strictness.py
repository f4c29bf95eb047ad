"""Whether OpenAI would take a JSON schema as strict: it refuses the request where one is not."""

from collections.abc import Iterable

from inference.ir import JSON

TYPED_BY = frozenset({"type", "enum", "const", "anyOf", "$ref"})
ANNOTATIONS = frozenset({"title", "description", "$schema"})
OBJECTS = frozenset({"properties", "required", "additionalProperties", "$defs", "definitions"})
ARRAYS = frozenset({"items", "minItems", "maxItems"})
VALUES = frozenset({"pattern", "format", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
KNOWN = TYPED_BY | ANNOTATIONS | OBJECTS | ARRAYS | VALUES


def is_strict(schema: dict[str, JSON]) -> bool:
    """Every object names all it may have and demands it, and nothing is said that OpenAI does not know."""
    return schema.get("type") == "object" and "anyOf" not in schema and fits(schema)


def fits(schema: JSON) -> bool:
    if not isinstance(schema, dict) or not schema.keys() <= KNOWN or not schema.keys() & TYPED_BY:
        return False
    if (schema.get("type") == "object" or "properties" in schema) and not is_closed(schema):
        return False
    return all(fits(inner) for inner in inner_schemas(schema))


def is_closed(schema: dict[str, JSON]) -> bool:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        return False
    demanded = {name for name in required if isinstance(name, str)}
    return schema.get("additionalProperties") is False and demanded == properties.keys()


def inner_schemas(schema: dict[str, JSON]) -> Iterable[JSON]:
    for name in ("properties", "$defs", "definitions"):
        found = schema.get(name)
        yield from found.values() if isinstance(found, dict) else ()
    variants = schema.get("anyOf")
    yield from variants if isinstance(variants, list) else ()
    if "items" in schema:
        yield schema["items"]
