"""A form to the grammar of the whole answer, in the model's own words: its thinking, its calls, its markers.

Markers that are tokens of their own stand in the grammar as such, so that no text can hold them.
"""

import json
from dataclasses import dataclass

from inference.errors import GatewayError, Kind
from inference.worker.adapter import TokenizerWrapper
from inference.worker.forms import Form

# What the parsers of mlx_lm call the syntax of a call that is JSON: {"name": …, "arguments": …}.
JSON_CALLS = "json_tools"


@dataclass(frozen=True, slots=True)
class Marker:
    """`is_text`: it is no token of its own, but found in the text."""

    text: str
    rule: str
    is_text: bool


def grammar(form: Form, tokenizer: TokenizerWrapper, *, thinks: bool, may_think: bool) -> str | None:
    """None where the model's calls cannot be put in a grammar, and need not be. Raises GatewayError.

    `thinks`: the answer begins within the thinking; `may_think`: it may begin with it.
    """
    if tokenizer.response_initial_state or tokenizer.response_transitions or tokenizer.structural_markers:
        raise unsupported(form, "This model's answers have a layout that cannot be held to a form.")
    has_calls = bool(form.calls) and tokenizer.has_tool_calling
    can_hold = tokenizer.init_kwargs.get("tool_parser_type") == JSON_CALLS if has_calls else form.body is not None
    if not can_hold and form.text:
        return None
    if not can_hold:
        raise unsupported(form, "This model's calls cannot be forced, nor the form of an answer that may be one.")
    rules = [*start(tokenizer, thinks=thinks, may_think=may_think), *answer(form, tokenizer, has_calls=has_calls)]
    return "\n".join([options(form, tokenizer), *rules, "ANY: /(?s:.*)/", ""])


def options(form: Form, tokenizer: TokenizerWrapper) -> str:
    """Where only one text can follow, its usual tokens are forced: of a marker's words that would be the marker."""
    has_markers = any(token in schema.text for schema in form.schemas for token in tokenizer.get_added_vocab())
    return f"%llguidance {json.dumps({'no_forcing': has_markers})}"


def unsupported(form: Form, message: str) -> GatewayError:
    return GatewayError(Kind.UNSUPPORTED_PARAMETER, message, param=form.param)


def start(tokenizer: TokenizerWrapper, *, thinks: bool, may_think: bool) -> list[str]:
    if not tokenizer.has_thinking or not (thinks or may_think):
        return ["start: answer"]
    opening, closing = marker(tokenizer.think_start, tokenizer), marker(tokenizer.think_end, tokenizer)
    banned = [tokenizer.tool_call_start] if tokenizer.has_tool_calling else []
    whole = "thoughts GAP? answer"
    return [
        f"start: {whole}" if thinks else f"start: answer | {opening.rule} {whole}",
        *up_to(closing, "thoughts", banned),
        r"GAP: /[ \n]{1,4}/",
    ]


def answer(form: Form, tokenizer: TokenizerWrapper, *, has_calls: bool) -> list[str]:
    kinds: list[str] = []
    rules: list[str] = []
    if form.body:
        kinds.append("body")
        rules.append(f"body: %json {form.body.text}")
    if has_calls:
        opening = marker(tokenizer.tool_call_start, tokenizer)
        kinds.append("called* FREE" if form.text else "call" if form.single else r'call ("\n" call)*')
        rules += [f"call: {opening.rule} told", *told(form, marker(tokenizer.tool_call_end, tokenizer))]
        if form.text:
            rules += ["called: begun told", *up_to(opening, "begun", []), f"FREE: ANY{without([opening.text])}"]
    return [f"answer: {' | '.join(kinds)}", *rules]


def told(form: Form, closing: Marker) -> list[str]:
    """A call from behind its marker on."""
    rules = [f"told: {' | '.join(f'told_{number}' for number in range(len(form.calls)))}"]
    for number, (name, schema) in enumerate(form.calls.items()):
        head = quoted(f'\n{{"name": {quoted(name)}, "arguments": ')
        rules.append(rf'told_{number}: {head} arguments_{number} "}}\n" {closing.rule}')
        rules.append(f"arguments_{number}: %json {schema.text}")
    return rules


def marker(text: str, tokenizer: TokenizerWrapper) -> Marker:
    tokens: list[int] = tokenizer.encode(text, add_special_tokens=False)
    if set(tokens).isdisjoint(tokenizer.get_added_vocab().values()):
        return Marker(text, quoted(text), is_text=True)
    return Marker(text, " ".join(f"<[{token}]>" for token in tokens), is_text=False)


def up_to(end: Marker, name: str, banned: list[str]) -> list[str]:
    """A rule of this name for any text, and then the marker."""
    if end.is_text:
        return [f"{name}[lazy]: ANY {end.rule}"]
    return [f"{name}: {name.upper()} {end.rule}", f"{name.upper()}: ANY{without([end.text, *banned])}"]


def without(texts: list[str]) -> str:
    return "".join(f" & ~(ANY {quoted(text)} ANY)" for text in texts)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
