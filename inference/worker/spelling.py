"""Which tokens a text is made of: each of its bytes belongs to one, also where a character takes several tokens."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from inference import ir
from inference.worker.adapter import (
    BPEStreamingDetokenizer,
    SPMStreamingDetokenizer,
    StreamingDetokenizer,
    TokenizerWrapper,
    byte_values,
)

SPACE = "\u2581".encode()  # As SPM writes it.


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Of a token, None for the first of all; and of the likeliest `candidates` for its place, the best first."""

    logprob: float | None
    candidates: Sequence[tuple[int, float]] = ()


@dataclass(slots=True)
class Part:
    """A token's share of the text: so many bytes are `left` to be judged, and `data` are those that are shown.

    Until its text has come, `left` is how many bytes the token has by itself.
    """

    likelihood: Likelihood
    left: int
    data: bytes = b""


class Spelling:
    """`begun` is how many code points of the text are judged: shown, or left out."""

    def __init__(self, tokenizer: TokenizerWrapper) -> None:
        self._vocabulary = Vocabulary(tokenizer)
        self._waiting: list[Part] = []
        self._parts: deque[Part] = deque()
        self._text = ""
        self._judged = 0

    def add(self, token: int, likelihood: Likelihood, text: str) -> None:
        """`text` is what has come with this token, and belongs also to those before it that had none."""
        self._waiting.append(Part(likelihood, len(self._vocabulary[token])))
        self.settle(text)

    def settle(self, text: str) -> None:
        if not text:
            return
        self._text += text
        size = len(text.encode())
        # From the end: what is left out of a text that begins is its leading space.
        for part in self._waiting[:0:-1]:
            part.left = min(part.left, size)
            size -= part.left
        self._waiting[0].left = size
        self._parts += self._waiting
        self._waiting = []

    def tell(self, start: int, end: int) -> tuple[ir.Token, ...]:
        """The text between these two places is shown, and what is before them and not told yet is not.

        Gives the tokens that the text has thereby come to the end of.
        """
        return (*self._judge(start, shows=False), *self._judge(end, shows=True))

    def tell_rest(self) -> tuple[ir.Token, ...]:
        """Nothing more is shown. Gives the token of which a part was."""
        return tuple(self._judge(self._judged + len(self._text), shows=False))

    def _judge(self, end: int, *, shows: bool) -> list[ir.Token]:
        piece = self._text[: max(0, end - self._judged)]
        self._text = self._text[len(piece) :]
        self._judged += len(piece)
        data, at = piece.encode(), 0
        told: list[ir.Token] = []
        while self._parts and (at < len(data) or not self._parts[0].left):
            part = self._parts[0]
            mine = data[at : at + part.left]
            at += len(mine)
            part.left -= len(mine)
            part.data += mine if shows else b""
            if not part.left:
                self._parts.popleft()
                told += [self._token(part)] if part.data else []
        return told

    def _token(self, part: Part) -> ir.Token:
        vocabulary = self._vocabulary
        candidates = [ir.Candidate(vocabulary[token], logprob) for token, logprob in part.likelihood.candidates]
        return ir.Token(part.data, part.likelihood.logprob, tuple(candidates))


def spell(
    tokens: Sequence[int], likelihoods: Sequence[Likelihood], text: str, *, tokenizer: TokenizerWrapper
) -> tuple[ir.Token, ...]:
    """The tokens of a text that is there already. Those that it does not show are left out."""
    spelling = Spelling(tokenizer)
    for token, likelihood in zip(tokens, likelihoods, strict=True):
        spelling.add(token, likelihood, "")
    spelling.settle(text)
    return spelling.tell(0, len(text))


class Vocabulary(dict[int, bytes]):
    """The bytes of tokens by themselves, each found out once: a prompt asks for the same few again and again."""

    def __init__(self, tokenizer: TokenizerWrapper) -> None:
        super().__init__()
        self._tokenizer = tokenizer
        self._detokenizer = tokenizer.detokenizer

    def __missing__(self, token: int) -> bytes:
        self[token] = spelt(token, self._detokenizer, self._tokenizer)
        return self[token]


def spelt(token: int, detokenizer: StreamingDetokenizer, tokenizer: TokenizerWrapper) -> bytes:
    """The bytes of a token by itself. Where only its text is known, a piece of a character is what stands for it."""
    match detokenizer:
        case BPEStreamingDetokenizer(tokenmap=names) if token < len(names) and names[token] is not None:
            values = byte_values()
            return b"".join(bytes([values[c]]) if c in values else c.encode() for c in names[token])
        case SPMStreamingDetokenizer(tokenmap=names) if token < len(names):
            return bytes(names[token]).replace(SPACE, b" ")
        case _:
            return str(tokenizer.decode([token])).encode()
