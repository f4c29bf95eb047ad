"""A form to the grammar of the whole answer, in the model's own words: its thinking, its calls, its markers.

Markers that are tokens of their own stand in the grammar as such, so that no text can hold them.
"""

import json
from collections.abc import Sequence

from inference.errors import GatewayError, Kind
from inference.worker.adapter import TokenizerWrapper
from inference.worker.calls import call, filled
from inference.worker.forms import Form
from inference.worker.parameters import Unwritable
from inference.worker.rules import Rules, without
from inference.worker.syntaxes import Syntax, syntax_of


def grammar(form: Form, tokenizer: TokenizerWrapper, *, thinks: bool, may_think: bool) -> str | None:
    """None where the model's calls cannot be put in a grammar, and need not be. Raises GatewayError.

    `thinks`: the answer begins within the thinking; `may_think`: it may begin with it.
    """
    if tokenizer.response_initial_state or tokenizer.response_transitions or tokenizer.structural_markers:
        raise unsupported(form, "This model's answers have a layout that cannot be held to a form.")
    has_calls = bool(form.calls) and tokenizer.has_tool_calling
    syntax = syntax_of(tokenizer) if has_calls else None
    can_hold = syntax is not None if has_calls else form.body is not None
    if not can_hold and form.text:
        return None
    if not can_hold:
        raise unsupported(form, "This model's calls cannot be forced, nor the form of an answer that may be one.")
    rules = Rules(tokenizer)
    start(rules, tokenizer, thinks=thinks, may_think=may_think)
    answer(rules, form, tokenizer, syntax)
    return "\n".join([options(form, tokenizer), *rules.lines, ""])


def options(form: Form, tokenizer: TokenizerWrapper) -> str:
    """Where only one text can follow, its usual tokens are forced: of a marker's words that would be the marker."""
    has_markers = any(token in schema.text for schema in form.schemas for token in tokenizer.get_added_vocab())
    return f"%llguidance {json.dumps({'no_forcing': has_markers})}"


def unsupported(form: Form, message: str) -> GatewayError:
    return GatewayError(Kind.UNSUPPORTED_PARAMETER, message, param=form.param)


def start(rules: Rules, tokenizer: TokenizerWrapper, *, thinks: bool, may_think: bool) -> None:
    if not tokenizer.has_thinking or not (thinks or may_think):
        rules.define("start", "answer")
        return
    banned = [tokenizer.tool_call_start] if tokenizer.has_tool_calling else []
    whole = rf"{up_to(tokenizer.think_end, rules, banned)} (/[ \n]{{1,4}}/)? answer"
    rules.define("start", whole if thinks else f"answer | {rules.spelled(tokenizer.think_start)} {whole}")


def answer(rules: Rules, form: Form, tokenizer: TokenizerWrapper, syntax: Syntax | None) -> None:
    kinds = [rules.rule(f"%json {form.body.text}")] if form.body else []
    if syntax is not None:
        opening, closing = tokenizer.tool_call_start, tokenizer.tool_call_end
        calls = section(rules, form, syntax, closing)
        if form.text:
            begun = up_to(opening, rules)
            text = rules.terminal(f"ANY{without([opening])}")
            # Without a marker that ends a call, all that follows belongs to it.
            kinds.append(f"({begun} {calls})* {text}" if closing else f"{text} | {begun} {calls}")
        else:
            several = not form.single and syntax.between is None
            marked = f"{rules.spelled(opening)} {calls}"
            kinds.append(marked + (rf' ("\n"? {marked})*' if several else ""))
    rules.define("answer", " | ".join(kinds))


def section(rules: Rules, form: Form, syntax: Syntax, closing: str) -> str:
    """Calls from behind their marker on."""
    one = rules.rule(" | ".join(told(name, form, syntax, rules, closing=closing) for name in form.calls))
    more = "" if form.single or syntax.between is None else f"({filled(syntax.between, rules)} {one})*"
    first, last = filled(syntax.first, rules), filled(syntax.last, rules)
    return rules.rule(f"{first} {one} {more} {last} {rules.spelled(closing)}")


def told(name: str, form: Form, syntax: Syntax, rules: Rules, *, closing: str) -> str:
    schema = form.calls[name]
    try:
        return call(name, schema, syntax, rules, closing=closing)
    except Unwritable as error:
        message = f"The way this model calls tools cannot express {error}."
        raise GatewayError(Kind.INVALID_VALUE, message, param=schema.param) from error


def up_to(end: str, rules: Rules, banned: Sequence[str] = ()) -> str:
    """Any text, and then the marker."""
    return rules.ended(rules.terminal(f"ANY{without([end, *banned])}"), end)
