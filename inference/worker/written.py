"""How one argument is written: in a family's notation for values, or as it stands between tags.

Each function gives the body of a rule for the value and what ends it. What that allows is read back by the parsers of
mlx_lm as a value that the schema allows. They raise Unwritable.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from inference.worker.notations import JSON, Notation, Values, length
from inference.worker.parameters import (
    Described,
    Parameter,
    Unwritable,
    check_words,
    choices,
    kinds,
    may_be_any_text,
    resolved,
    values,
)
from inference.worker.rules import Rules, without

# Text that no reader takes for JSON or for a literal of Python: how it begins, and must not begin.
BEGINNING = (
    r"/[A-Za-z\/~@$%&*!?>:;,=|^_`"
    r"\u{C0}-\u{167F}\u{2030}-\u{205E}\u{2070}-\u{2FFF}\u{3001}-\u{FEFE}\u{FF00}-\u{10FFFF}](?s:.*)/"
)
WORDS = ("true", "false", "null", "none", "nan", "inf", "infinity", "set")
SURELY_PLAIN = re.compile(rf"(?!(?i:{'|'.join(WORDS)})\b)[A-Za-z][\w-]*( [\w-]+)*", re.ASCII)


def any_case(word: str) -> str:
    return "".join(f"[{letter.lower()}{letter.upper()}]" for letter in word)


LITERAL = rf"/({'|'.join(map(any_case, WORDS))})([^A-Za-z0-9_](?s:.*))?/ | /[bBuUrRfF]{{1,2}}[\x22'](?s:.*)/"
# Some parsers take it for null where text is wanted, behind white space and in CDATA too.
NULL = rf"/\s*(<!\[CDATA\[)?\s*{any_case('null')}\s*(\]\]>)?\s*/"
# What parsers leave out at the borders of a text cannot count for its length.
UNTRIMMED = r"/([^\s<\x00-\x1f]((?s:.*)[^\s\x00-\x1f])?)?/"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands. `closers`: texts that would end it early."""

    rules: Rules
    strict: bool
    end: str
    closers: Sequence[str]


type Writer = Callable[[Parameter, Place], str]


def as_json(parameter: Parameter, place: Place) -> str:
    return f"{place.rules.json(parameter.schema)} {place.rules.spelled(place.end)}"


def in_notation(notation: Notation) -> Writer:
    def write(parameter: Parameter, place: Place) -> str:
        value = Values(notation, parameter.schema, place.rules, place.strict, place.closers)
        return f"({value.body(parameter.schema)}) {place.rules.spelled(place.end)}"

    return write


def in_tags(parameter: Parameter, place: Place) -> str:
    """Text as it stands, if the schema allows nothing else; or what is not taken for JSON, and JSON."""
    schema, rules = parameter.schema, place.rules
    if kinds(schema, schema) == {"string"}:
        return text(schema, place)
    plain: list[str] = []
    few = values(schema, schema)
    if few is not None:
        literals = rules.one_of([value for value in few if isinstance(value, str) and SURELY_PLAIN.fullmatch(value)])
        plain = [f"{literals} {rules.spelled(place.end)}"] if literals else []
    elif may_be_any_text(schema, schema):
        plain = [rules.ended(rules.terminal(BEGINNING + without(place.closers, LITERAL)), place.end)]
    return " | ".join([*plain, json_in_tags(parameter, place)])


def in_tags_or_null(parameter: Parameter, place: Place) -> str:
    """For those that read null where text is wanted."""
    schema = parameter.schema
    if kinds(schema, schema) != {"string", "null"}:
        return in_tags(parameter, place)
    either = [each for each in choices(schema) if "string" in kinds(each, schema)]
    texts = {**schema, **either[0]} if len(either) == 1 else schema
    texts = {word: value for word, value in texts.items() if word not in ("anyOf", "oneOf") or len(either) != 1}
    return text(texts, place, may_be_null=True)


def json_in_tags(parameter: Parameter, place: Place) -> str:
    """Texts in it hold no tag, unless the schema says more of them."""
    careful = replace(place, strict=True)
    written = place.rules.attempt(lambda: in_notation(JSON)(parameter, careful))
    return written or as_json(parameter, place)


def text(schema: Described, place: Place, *, may_be_null: bool = False) -> str:
    rules = place.rules
    few = values(schema, schema)
    if few is not None:
        readable = [value for value in few if isinstance(value, str) and is_readable(value, place)]
        if not readable:
            raise Unwritable("any of the values that the schema lists")
        return f"{rules.one_of([*readable, *(['null'] if may_be_null else [])])} {rules.spelled(place.end)}"
    schema = resolved(schema, schema)
    if place.strict:
        check_words(schema, {"type", "minLength", "maxLength"})
    return rules.ended(rules.terminal(any_text(schema, place, may_be_null=may_be_null)), place.end)


def is_readable(value: str, place: Place) -> bool:
    return (
        value == value.strip()
        and value.lower() != "null"
        and not value.startswith("<")
        and not any(closer in value for closer in place.closers)
    )


def any_text(schema: Described, place: Place, *, may_be_null: bool = False) -> str:
    """A terminal."""
    body = length(schema, "(?s:.)") + without(place.closers, *([] if may_be_null else [NULL]))
    return f"{body} & {UNTRIMMED}" if "minLength" in schema or "maxLength" in schema else body
