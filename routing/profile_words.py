"""The settings of a profile in words, read off `Profile` itself: for help texts, and for whoever gave a wrong one."""

import json
from collections.abc import Mapping

from msgspec import inspect

from routing.profile import Profile, check


def problems(given: object) -> list[str]:
    """What is wrong with an operator's settings of a profile, a sentence for each of them."""
    if not isinstance(given, dict):
        return ['The settings are a JSON object, such as {"images": false}.']
    return [problem for name, value in given.items() if (problem := _problem(name, value)) is not None]


def _problem(name: str, value: object) -> str | None:
    if name not in ACCEPTED:
        return f"{name} is no setting of a profile. There are: {', '.join(ACCEPTED)}."
    try:
        check({name: value})
    except ValueError:
        return f"{name} accepts {ACCEPTED[name]}."
    return None


def _accepts(kind: inspect.Type) -> str:
    match kind:
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return "a whole number" if kind.ge is None else f"a whole number from {kind.ge}"
        case inspect.NoneType():
            return "null"
        case inspect.LiteralType():
            return " or ".join(json.dumps(value) for value in sorted(kind.values, key=str))
        case inspect.VarTupleType(item_type=inspect.LiteralType() as item):
            return f"a list of {_accepts(item)}"
        case inspect.VarTupleType():
            return "a list of words in small letters"
        case inspect.UnionType():
            return " or ".join(_accepts(one) for one in kind.types)
        case _:
            raise TypeError(f"no words for {kind}")


def _fields() -> tuple[inspect.Field, ...]:
    kind = inspect.type_info(Profile)
    assert isinstance(kind, inspect.StructType)
    return kind.fields


# What each setting accepts, in the order of the struct.
ACCEPTED: Mapping[str, str] = {field.name: _accepts(field.type) for field in _fields()}
