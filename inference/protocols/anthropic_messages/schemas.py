"""Tool schemas as Anthropic takes them: the root is an object, without alternatives."""

from inference.ir import JSON

ALTERNATIVES = ("anyOf", "oneOf", "allOf")


def object_schema(schema: dict[str, JSON]) -> tuple[dict[str, JSON], bool]:
    """Alternatives at the root become one permissive object; one such schema would fail the whole request.

    True where this weakened the schema.
    """
    if not any(name in schema for name in ALTERNATIVES):
        return {"type": "object"} | schema, False
    rest = {name: value for name, value in schema.items() if name not in ALTERNATIVES}
    either = [variant for name in ("anyOf", "oneOf") for variant in variants(schema, name)]
    every = variants(schema, "allOf")
    properties: dict[str, JSON] = {}
    for part in (rest, *every, *either):
        properties |= properties_of(part)
    required = {name for part in (rest, *every) for name in required_of(part)}
    if either:
        required |= set.intersection(*(required_of(variant) for variant in either))
    merged = rest | {"type": "object", "properties": properties}
    return (merged | {"required": sorted(required)} if required else merged), True


# A schema is the client's, and may be anything.


def variants(schema: dict[str, JSON], name: str) -> list[dict[str, JSON]]:
    found = schema.get(name)
    return [variant for variant in found if isinstance(variant, dict)] if isinstance(found, list) else []


def properties_of(schema: dict[str, JSON]) -> dict[str, JSON]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def required_of(schema: dict[str, JSON]) -> set[str]:
    found = schema.get("required")
    return {name for name in found if isinstance(name, str)} if isinstance(found, list) else set()
