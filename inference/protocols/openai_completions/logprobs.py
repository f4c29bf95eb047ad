"""How likely the tokens of an answer were, as legacy completions show it: in columns, with each token's place."""

from collections.abc import Sequence

from inference import ir
from inference.ir import JSON
from inference.protocols.openai_chat.logprobs import shown


class Places:
    """Where the tokens of one text stand in it, counted in characters from its beginning."""

    def __init__(self) -> None:
        self._said = 0

    def render(self, tokens: Sequence[ir.Token]) -> dict[str, JSON]:
        """The tokens that come next."""
        return {
            "tokens": [name(token.data) for token in tokens],
            "token_logprobs": [token.logprob for token in tokens],
            "top_logprobs": [likeliest(token) for token in tokens] if any(t.candidates for t in tokens) else None,
            "text_offset": [self._place(token.data) for token in tokens],
        }

    def _place(self, data: bytes) -> int:
        """That of the first character which the token has a part of."""
        inside = is_inside(data[0]) if data else False
        place = self._said - inside
        self._said += sum(not is_inside(byte) for byte in data)
        return place


def is_inside(byte: int) -> bool:
    """Whether this byte of UTF-8 goes on with a character."""
    return byte & 0xC0 == 0x80


def likeliest(token: ir.Token) -> dict[str, float] | None:
    """With the token itself, which need not be among them. None where nothing stands before the token."""
    if token.logprob is None:
        return None
    found = {name(candidate.data): candidate.logprob for candidate in reversed(token.candidates)}
    return dict(reversed(found.items())) | {name(token.data): token.logprob}


def name(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return f"bytes:{shown(data)}"
