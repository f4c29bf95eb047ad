"""Grows a grammar for the compiler, line by line: names what is added, and spells texts with the tokens they hold."""

import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping

from inference import ir
from inference.worker.adapter import TokenizerWrapper
from inference.worker.parameters import Unwritable


class Rules:
    """The names that its methods give stand for what was added, within any later rule."""

    def __init__(self, tokenizer: TokenizerWrapper) -> None:
        self.lines = ["ANY: /(?s:.*)/"]
        self._tokens = special_tokens(tokenizer)
        self._found = re.compile("|".join(map(re.escape, sorted(self._tokens, key=len, reverse=True))) or r"(?!)")
        self._numbers = itertools.count()

    def attempt(self, write: Callable[[], str]) -> str | None:
        """What it writes; where that cannot be done, None, and nothing is left of it."""
        known = len(self.lines)
        try:
            return write()
        except Unwritable:
            del self.lines[known:]
            return None

    def new_name(self) -> str:
        """For a rule that stands in itself: what it is comes by `define`."""
        return f"r{next(self._numbers)}"

    def define(self, name: str, body: str) -> str:
        self.lines.append(f"{name}: {body}")
        return name

    def rule(self, body: str) -> str:
        return self.define(self.new_name(), body)

    def lazy(self, body: str) -> str:
        """A rule that ends where it first can."""
        name = self.new_name()
        self.define(f"{name}[lazy]", body)
        return name

    def terminal(self, body: str) -> str:
        return self.define(f"T{next(self._numbers)}", body)

    def one_of(self, texts: list[str]) -> str:
        """A terminal: of rules for each there can be too many."""
        return self.terminal(" | ".join(map(quoted, texts))) if texts else ""

    def json(self, schema: Mapping[str, ir.JSON]) -> str:
        return self.rule(f"%json {json.dumps(schema, ensure_ascii=False)}")

    def spelled(self, text: str) -> str:
        """A text in which the tokens of their own stand as such."""
        return " ".join(self._pieces(text))

    def ended(self, terminal: str, end: str) -> str:
        """Text of the terminal, which must hold no `end`, and the end."""
        first, *rest = self._pieces(end)
        if first.startswith("<"):
            return " ".join([terminal, first, *rest])
        return " ".join([self.lazy(f"{terminal} {first}"), *rest])

    def _pieces(self, text: str) -> list[str]:
        pieces: list[str] = []
        at = 0
        for found in self._found.finditer(text):
            pieces += [quoted(text[at : found.start()])] if found.start() > at else []
            pieces.append(f"<[{self._tokens[found.group()]}]>")
            at = found.end()
        return pieces + ([quoted(text[at:])] if at < len(text) else [])


def special_tokens(tokenizer: TokenizerWrapper) -> dict[str, int]:
    """The tokens that no text is made of, by what the compiler takes for such."""
    return {
        token.content: number
        for number, token in tokenizer.added_tokens_decoder.items()
        if token.special or (token.content.startswith("<") and token.content.endswith(">"))
    }


def in_order(rules: Rules, items: list[tuple[str, bool]], separator: str) -> str:
    """A body of rules that stand in their order, each with whether it has to; `separator` is spelled already."""
    if not items:
        return '""'
    tail = ""
    firsts: list[str] = []
    for item, required in reversed(items):
        firsts = [f"{item} {tail}".strip(), *([] if required else firsts)]
        rest = f"{separator} {item}".strip()
        tail = rules.rule(f"{rest if required else f'({rest})?'} {tail}")
    return " | ".join(firsts if any(required for _, required in items) else [*firsts, '""'])


def without(texts: Iterable[str], *patterns: str) -> str:
    """What a terminal is narrowed by, so that it holds none of the texts, and is as none of the patterns."""
    held = [quoted(text) for text in dict.fromkeys(texts)]
    banned = [*([f"ANY ({' | '.join(held)}) ANY"] if held else []), *patterns]
    return f" & ~({' | '.join(banned)})" if banned else ""


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
