"""Tool schemas as Anthropic takes them: the root is an object, without alternatives."""

from inference.ir import JSON

ALTERNATIVES = ("anyOf", "oneOf", "allOf")


def object_schema(schema: dict[str, JSON]) -> dict[str, JSON]:
    """Alternatives at the root become one permissive object; one such schema would fail the whole request."""
    if not any(name in schema for name in ALTERNATIVES):
        return {"type": "object"} | schema
    rest = {name: value for name, value in schema.items() if name not in ALTERNATIVES}
    either = [variant for name in ("anyOf", "oneOf") for variant in variants(schema, name)]
    every = variants(schema, "allOf")
    properties: dict[str, JSON] = dict(rest.get("properties") or {})
    for variant in [*every, *either]:
        properties |= variant.get("properties") or {}
    required = {name for part in [rest, *every] for name in part.get("required") or ()}
    if either:
        required |= set.intersection(*(set(variant.get("required") or ()) for variant in either))
    merged = rest | {"type": "object", "properties": properties}
    return merged | {"required": sorted(required)} if required else merged


def variants(schema: dict[str, JSON], name: str) -> list[dict[str, JSON]]:
    return [variant for variant in schema.get(name) or () if isinstance(variant, dict)]
