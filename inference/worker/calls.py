"""A call of a tool, in the syntax of a family, to a rule: from behind its opening marker to the one that ends it."""

import re
from functools import partial

from inference.worker.forms import Schema
from inference.worker.parameters import Parameter, Parameters, Unwritable, read
from inference.worker.rules import Rules, in_order, quoted
from inference.worker.syntaxes import Listed, Syntax
from inference.worker.written import Place, any_text

GAP = "{gap}"
GAPS = {GAP: r'"\n"?', "{number}": "/[0-9]{1,3}/"}


def call(name: str, schema: Schema, syntax: Syntax, rules: Rules, *, closing: str) -> str:
    """Raises Unwritable."""
    if not re.fullmatch(syntax.names, name):
        raise Unwritable(f"a tool named {name!r}")
    head = filled(syntax.head, rules, name=name, quoted_name=quoted(name))
    tail = filled(syntax.tail, rules)
    if syntax.listed is None:
        arguments = rules.rule(f"%json {schema.text}")
    else:
        ends = (syntax.listed.after.strip(), syntax.tail.strip(), closing)
        closers = [end for end in ends if end.startswith("<")]
        place = Place(rules, strict=not schema.lenient, end=syntax.listed.after, closers=closers)
        arguments = rules.rule(one_by_one(read(schema), syntax.listed, place))
    return f"{head} {arguments} {tail}".strip()


def one_by_one(parameters: Parameters, listed: Listed, place: Place) -> str:
    if parameters.free and listed.free_key:
        return free(listed, place)
    items: list[tuple[str, bool]] = []
    for each in parameters.named:
        write = partial(argument, each, listed, place)
        # What need not be there may as well be left out.
        body = write() if each.required or parameters.strict else place.rules.attempt(write)
        items += [(place.rules.rule(body), each.required)] if body else []
    return in_order(place.rules, items, filled(listed.separator, place.rules))


def argument(parameter: Parameter, listed: Listed, place: Place) -> str:
    if not re.fullmatch(listed.keys, parameter.name):
        raise Unwritable(f"an argument named {parameter.name!r}")
    before = filled(listed.before, place.rules, key=parameter.name)
    return f"{before} ({listed.value(parameter, place)})"


def free(listed: Listed, place: Place) -> str:
    """Any arguments, all of them text."""
    start, _, rest = listed.before.partition("{key}")
    text = place.rules.ended(place.rules.terminal(any_text({}, place)), place.end)
    return f"({filled(start, place.rules)} /{listed.free_key}/ {filled(rest, place.rules)} {text})*"


def filled(template: str, rules: Rules, **names: str) -> str:
    """The body of a rule: names are text, whatever they spell."""
    pieces = [piece for piece in re.split(r"(\{\w+\})", template) if piece]
    return " ".join(
        GAPS.get(piece) or (quoted(names[piece[1:-1]]) if piece[1:-1] in names else rules.spelled(piece))
        for piece in pieces
    )
