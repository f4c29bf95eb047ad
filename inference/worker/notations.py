"""Values written as JSON is, in the notation of a family: rules for what a schema allows of them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from inference import ir
from inference.worker.parameters import (
    KINDS,
    Described,
    Unwritable,
    bounds,
    check_words,
    choices,
    described,
    kinds,
    listed,
    members,
    resolved,
    values,
)
from inference.worker.rules import Rules, in_order, quoted, without

# In characters. Each takes states of the grammar, so that what is longer would use them up.
COUNTED = 4096
SCALARS = frozenset({"number", "boolean", "null"})
RANGE = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
HELD_TO = RANGE | {"type", "properties", "required", "additionalProperties", "items", "minItems", "maxItems"}
HELD_TO |= {"minLength", "maxLength"}


@dataclass(frozen=True, slots=True)
class Notation:
    """`quote` stands around texts, whose characters are as `character`. `key` is a field's name in its own signs, where
    `keys` allows it. `nests`: there are lists and objects."""

    quote: str
    character: str
    key: str
    keys: str
    comma: str
    escapes: bool
    nests: bool = True


JSON = Notation(
    '"',
    r'[^"\\\x00-\x1f\x7f]|\\(["\\bfnrt]|u00[01][0-9a-f])',
    key='"{key}": ',
    keys="(?s:.*)",
    comma=", ",
    escapes=True,
)
# What its reader puts in the place of texts stands between null characters.
GEMMA = Notation('<|"|>', r"[^\x00]", key="{key}:", keys=r"[A-Za-z0-9_]+", comma=",", escapes=False)
# Its reader takes the first brace for the end of the call, and a comma for the end of a value.
FUNCTION_GEMMA = replace(GEMMA, quote="<escape>", character="[^}]", nests=False)


@dataclass
class Values:
    """Rules by the schema they are of: one that comes upon itself refers to itself.

    `strict`: what cannot be held to is refused. `closers`: what no text may hold either.
    """

    notation: Notation
    root: Described
    rules: Rules
    strict: bool
    closers: Sequence[str]
    names: dict[str, str] = field(default_factory=dict)

    @property
    def banned(self) -> Sequence[str]:
        return self.closers if self.notation.escapes else [self.notation.quote, *self.closers]

    def body(self, schema: Described) -> str:
        """The body of a rule. Raises Unwritable."""
        schema = resolved(schema, self.root)
        if (few := values(schema, self.root)) is not None:
            return self.one_of(few)
        if either := choices(schema):
            self.check(schema, {"anyOf"})
            return " | ".join(self.rule(described(each)) for each in either)
        self.check(schema, HELD_TO)
        found = kinds(schema, self.root)
        bodies = [self.scalar(schema)] if found & SCALARS else []
        bodies += [self.text(schema)] if "string" in found else []
        if self.notation.nests:
            bodies += [self.array(schema)] if "array" in found else []
            bodies += [self.object(schema)] if "object" in found else []
        if not bodies:
            raise Unwritable("lists and objects")
        return " | ".join(bodies)

    def rule(self, schema: Described) -> str:
        known = json.dumps(schema, sort_keys=True)
        if known not in self.names:
            self.names[known] = self.rules.new_name()
            self.rules.define(self.names[known], self.body(schema))
        return self.names[known]

    def check(self, schema: Described, allowed: set[str]) -> None:
        if self.strict:
            check_words(schema, allowed)

    def scalar(self, schema: Described) -> str:
        named = listed(schema.get("type")) or [schema.get("type")]
        types = [name for name in named if isinstance(name, str) and KINDS.get(name) in SCALARS]
        limits = {word: schema[word] for word in RANGE if word in schema}
        return self.rules.json({"type": types or sorted(SCALARS), **limits})

    def text(self, schema: Described) -> str:
        quote = self.notation.quote
        body = f"{length(schema, self.notation.character)}{without(self.banned)}"
        return f"{self.rules.spelled(quote)} {self.rules.ended(self.rules.terminal(body), quote)}"

    def array(self, schema: Described) -> str:
        item = self.rule(described(schema.get("items")))
        least, most = bounds(schema, "minItems", "maxItems")
        times = f"{{{max(least - 1, 0)},{'' if most is None else most - 1}}}"
        some = [] if most == 0 else [f'"[" {item} ({quoted(self.notation.comma)} {item}){times} "]"']
        return " | ".join([*some, *([] if least else ['"[]"'])])

    def object(self, schema: Described) -> str:
        comma = quoted(self.notation.comma)
        if "properties" in schema or schema.get("additionalProperties") is False:
            items = [
                (self.rules.rule(f"{self.key(each.name)} ({self.rule(each.schema)})"), each.required)
                for each in members(schema, strict=self.strict)
            ]
            return f'"{{" ({in_order(self.rules, items, comma)}) "}}"'
        start, _, end = self.notation.key.partition("{key}")
        name = f"{quoted(start)} /[A-Za-z0-9_]+/ {quoted(end)}" if start else f"/[A-Za-z0-9_]+/ {quoted(end)}"
        member = f"{name} ({self.rule(described(schema.get('additionalProperties')))})"
        return f'"{{" ({member} ({comma} {member})*)? "}}"'

    def key(self, name: str) -> str:
        if not re.fullmatch(self.notation.keys, name):
            raise Unwritable(f"a field named {name!r}")
        return quoted(self.notation.key.replace("{key}", self.inside(name)))

    def inside(self, text: str) -> str:
        """A text between its quotes."""
        written = json.dumps(text, ensure_ascii=False)[1:-1] if self.notation.escapes else text
        fits = re.fullmatch(f"({self.notation.character})*", written)
        if not fits or any(text in written for text in self.banned):
            raise Unwritable(f"the text {text!r}")
        return written

    def one_of(self, few: list[ir.JSON]) -> str:
        texts = self.rules.one_of([self.inside(value) for value in few if isinstance(value, str)])
        quote = self.rules.spelled(self.notation.quote)
        others = [self.literal(value) for value in few if not isinstance(value, str)]
        return " | ".join([*([f"{quote} {texts} {quote}"] if texts else []), *others])

    def literal(self, value: ir.JSON) -> str:
        quote, comma = self.rules.spelled(self.notation.quote), quoted(self.notation.comma)
        match value:
            case str():
                return f"{quote} {quoted(self.inside(value))} {quote}" if value else f"{quote} {quote}"
            case list() | dict() if not self.notation.nests:
                raise Unwritable("lists and objects")
            case list():
                return " ".join(['"["', *between([self.literal(each) for each in value], comma), '"]"'])
            case dict():
                fields = [f"{self.key(name)} {self.literal(each)}" for name, each in value.items()]
                return " ".join(['"{"', *between(fields, comma), '"}"'])
            case _:
                return quoted(json.dumps(value))


def between(items: list[str], comma: str) -> list[str]:
    return [piece for item in items for piece in (comma, item)][1:]


def length(schema: Described, character: str) -> str:
    """A terminal for text as long as it may be."""
    least, most = bounds(schema, "minLength", "maxLength")
    return f"/({character}){{{least},{'' if most is None or most > COUNTED else most}}}/"
