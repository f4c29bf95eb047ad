"""What the schema of a tool says of each argument: its kinds, its few possible values, whether it has to be there.

For the syntaxes that write arguments one by one. Keeps out how they are written.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from inference import ir
from inference.worker.forms import Schema

type Described = Mapping[str, Any]  # A schema, as its author wrote it.

KINDS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
KINDS |= {"array": "array", "object": "object"}
EVERY_KIND = frozenset(KINDS.values())
DEFINITIONS = ("$defs", "definitions")
# Say nothing of what is valid.
NOTES = {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment", "$schema"}
NOTES |= {"$id", "x-guidance", *DEFINITIONS}
DEEPEST = 16
MOST_PARTS = 200


class Unwritable(Exception):
    """A syntax cannot express this; the text names it."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Of a tool, its `schema` stands alone: it has the definitions that it refers to."""

    name: str
    schema: Described
    required: bool


@dataclass(frozen=True, slots=True)
class Parameters:
    """`free`: none is named, and any may be there. `strict`: what cannot be held to is refused."""

    named: list[Parameter]
    free: bool
    strict: bool


def read(schema: Schema) -> Parameters:
    """Raises Unwritable."""
    whole: Described = json.loads(schema.text)
    top = resolved(whole, whole)
    strict = not schema.lenient
    if strict:
        check_words(top, {"type", "properties", "required", "additionalProperties"})
    shared = {word: whole[word] for word in (*DEFINITIONS, "x-guidance") if word in whole}
    named = [replace(each, schema={**each.schema, **shared}) for each in members(top, strict=strict)]
    return Parameters(named, "properties" not in top and top.get("additionalProperties") is not False, strict)


def members(schema: Described, *, strict: bool) -> list[Parameter]:
    """The fields of an object that are named. Raises Unwritable."""
    properties = described(schema.get("properties"))
    required = [name for name in listed(schema.get("required")) if isinstance(name, str)]
    if strict and (missing := [name for name in required if name not in properties]):
        raise Unwritable(f"{missing[0]!r}, which is required and not described")
    return [
        Parameter(name, described(value), name in required) for name, value in properties.items() if value is not False
    ]


def check_words(schema: Described, allowed: set[str]) -> None:
    if others := [word for word in schema if word not in allowed | NOTES]:
        raise Unwritable(f"the schema's {others[0]!r}")


def described(schema: Any) -> Described:
    return schema if isinstance(schema, dict) else {}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def bounds(schema: Described, least: str, most: str) -> tuple[int, int | None]:
    """How few and how many, by the two words."""
    return amount(schema.get(least)) or 0, amount(schema.get(most))


def amount(value: Any) -> int | None:
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1
    return int(value) if whole and value >= 0 else None


def resolved(schema: Described, root: Described) -> Described:
    """The schema with what it refers to in its place. Raises Unwritable."""
    for _ in range(DEEPEST):
        if "$ref" not in schema:
            return schema
        schema = {**target(schema["$ref"], root), **{key: value for key, value in schema.items() if key != "$ref"}}
    raise Unwritable("a reference that leads to itself")


def target(reference: Any, root: Described) -> Described:
    match str(reference).split("/"):
        case ["#", ("$defs" | "definitions") as place, name] if name in described(root.get(place)):
            return described(root[place][name])
        case _:
            raise Unwritable(f"a reference to {reference!r}")


class Look:
    """At one schema. Its parts may refer to each other, so that there is no end to them: few are looked at."""

    def __init__(self, root: Described) -> None:
        self._root = root
        self._left = MOST_PARTS

    def part(self, schema: Any) -> Described:
        """Raises Unwritable."""
        self._left -= 1
        if self._left < 0:
            raise Unwritable("a schema as large as this")
        return resolved(described(schema), self._root)

    def kinds(self, schema: Any) -> frozenset[str]:
        schema = self.part(schema)
        found = EVERY_KIND
        if "type" in schema:
            types = listed(schema["type"]) or [schema["type"]]
            found &= {KINDS[each] for each in types if isinstance(each, str) and each in KINDS}
        if (own := own_values(schema)) is not None:
            found &= {kind(value) for value in own}
        for word in ("anyOf", "oneOf"):
            if word in schema:
                found &= frozenset().union(*map(self.kinds, listed(schema[word])))
        for each in listed(schema.get("allOf")):
            found &= self.kinds(each)
        return found

    def values(self, schema: Any) -> list[ir.JSON] | None:
        schema = self.part(schema)
        if (own := own_values(schema)) is not None:
            return own
        if len(all_of := listed(schema.get("allOf"))) == 1:
            return self.values(all_of[0])
        found = [self.values(each) for each in choices(schema)]
        if not found or any(each is None for each in found):
            return None
        return [value for each in found for value in each or []]

    def may_be_any_text(self, schema: Any) -> bool:
        schema = self.part(schema)
        if either := choices(schema):
            return any(map(self.may_be_any_text, either))
        narrowed = {*schema} & {"enum", "const", "minLength", "maxLength", "pattern", "format", "allOf", "not", "if"}
        return not narrowed and "string" in self.kinds(schema)


def kinds(schema: Described, root: Described) -> frozenset[str]:
    """The kinds of values that may be valid. Raises Unwritable."""
    return Look(root).kinds(schema)


def values(schema: Described, root: Described) -> list[ir.JSON] | None:
    """The only ones that are valid, where the schema lists them. Raises Unwritable."""
    return Look(root).values(schema)


def may_be_any_text(schema: Described, root: Described) -> bool:
    """Raises Unwritable."""
    return Look(root).may_be_any_text(schema)


def choices(schema: Described) -> list[Any]:
    return listed(schema.get("anyOf")) or listed(schema.get("oneOf"))


def own_values(schema: Described) -> list[ir.JSON] | None:
    if "const" in schema:
        return [schema["const"]]
    if isinstance(schema.get("enum"), list):
        return list(schema["enum"])
    return [None] if schema.get("type") == "null" else None


def kind(value: ir.JSON) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def as_read(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tools, told to the parsers of mlx_lm in the ways they read alike: what is text, what is JSON if it can be.

    What they know of other types loses large numbers, and what a schema says by `anyOf` or `$ref`.
    """
    return [{"type": "function", "function": function_as_read(tool["function"])} for tool in tools]


def function_as_read(function: dict[str, Any]) -> dict[str, Any]:
    root: Described = function["parameters"]
    properties = described(root.get("properties"))
    types = {name: {"type": type_as_read(value, root)} for name, value in properties.items()}
    return {"name": function["name"], "parameters": {"type": "object", "properties": types}}


def type_as_read(schema: Any, root: Described) -> str:
    """Those that read null where text is wanted know a `text` too; to the others it is JSON, like an `object`."""
    try:
        found = kinds(described(schema), root)
    except Unwritable:
        return "object"
    return "string" if found == {"string"} else "text" if found == {"string", "null"} else "object"
