"""One loaded model that answers one request at a time: for caches that do not batch, and for models that guess ahead.

Everything here is called on the one MLX thread. A step is short, so that other models go on: a piece of the prompt, a
token, or what another model guessed right.
"""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from inference import footprints, ir
from inference.worker import caches
from inference.worker.adapter import TokenizerWrapper
from inference.worker.caches import Cache
from inference.worker.drawing import Draw, Drawing
from inference.worker.engine import Begun, Reading, Token
from inference.worker.fitting import PIECE
from inference.worker.holding import Held
from inference.worker.likelihoods import Likelihoods
from inference.worker.memory import Cost
from inference.worker.prefixes import Shelf
from inference.worker.scoring import judge
from inference.worker.spelling import Likelihood
from inference.worker.writing import Guessed, Plain, Reader, Writer


@dataclass(frozen=True, slots=True)
class Runnable:
    """A model in memory, and how a row's cache for it is made. `window` and `vocabulary` are counts of tokens."""

    model: Any
    make_cache: Callable[[], Cache]
    vocabulary: int
    window: int


@dataclass(frozen=True, slots=True)
class Guesser:
    """A small model that guesses what a large one writes, so many tokens at a time."""

    small: Runnable
    guesses: int


class Within:
    """A model as another sees it that has more tokens, or fewer: MLX would read past the end of the embeddings."""

    def __init__(self, small: Runnable, vocabulary: int) -> None:
        self._model = small.model
        self._own = small.vocabulary
        self._others = vocabulary

    def __call__(self, tokens: mx.array, cache: Cache) -> mx.array:
        logits: mx.array = self._model(mx.minimum(tokens, self._own - 1), cache=cache)
        return logits[..., : self._others]


@dataclass(slots=True)
class Row:
    """`left` tokens may be written. `judged`: it is told of the prompt's own tokens."""

    number: int
    prompt: list[int]
    tenant: str | None
    draw: Draw
    left: int
    model: Reader
    guesser: Reader | None
    judged: Likelihoods | None
    writer: Writer | None = None

    @property
    def unread(self) -> Reader | None:
        """Who has not read the prompt but for its last token."""
        readers = (reader for reader in (self.model, self.guesser) if reader is not None)
        return next((reader for reader in readers if reader.length < len(self.prompt) - 1), None)


class SerialEngine:
    """`shelf` None: what is read of prompts is not kept."""

    slots = 1
    needs_borders = False

    def __init__(
        self,
        run: Runnable,
        *,
        drawing: Drawing,
        tokenizer: TokenizerWrapper,
        cost: Cost,
        guesser: Guesser | None,
        shelf: Shelf | None,
    ) -> None:
        self.tokenizer = tokenizer
        self.window = run.window
        self.cost = cost
        self._run = run
        self._drawing = drawing
        self._guesser = guesser
        self._shelf = shelf
        self._ends = frozenset(tokenizer.eos_token_ids)
        self._row: Row | None = None
        self._count = 0

    def insert(
        self,
        prompt: list[int],
        wanted: ir.Sampling,
        *,
        max_tokens: int,
        tenant: str | None = None,
        borders: Sequence[int] = (),  # noqa: ARG002 - what is kept can be cut back
        held: Held | None = None,
        likelihoods: Likelihoods | None = None,
    ) -> Begun:
        """Begin the one row. Without a tenant nothing is recalled or kept.

        Raises GatewayError for parameters the model cannot follow.
        """
        assert self._row is None
        draw = self._drawing.begin(prompt, wanted, held=held, likelihoods=likelihoods)
        self._count += 1
        # They are told of each token once, and could not take back those that were guessed wrong.
        is_free = held is None and likelihoods is None
        guesser = self._begin_guessing(len(prompt) + max_tokens) if is_free else None
        judged = begin_judging(likelihoods)
        model = self._begin_reading(prompt, tenant if judged is None else None)
        self._row = Row(self._count, prompt, tenant, draw, max_tokens, model, guesser, judged)
        return Begun(self._count, model.length)

    def step(self) -> list[Token | Reading]:
        row = self._row
        if row is None:
            return []
        if row.unread is not None:
            return [read(row, row.unread)]
        if row.writer is None:
            self._keep(row)
            row.writer = self._begin_writing(row)
        return list(self._write(row, row.writer))

    def remove(self, row: int) -> None:
        if self._row is not None and self._row.number == row:
            self._row = None

    def close(self) -> None:
        if self._shelf is not None:
            self._shelf.close()
        del self._run, self._guesser, self._row
        gc.collect()
        mx.clear_cache()

    def _begin_reading(self, prompt: list[int], tenant: str | None) -> Reader:
        """With what was kept of the prompt; its last token is always left."""
        recalled = None
        if self._shelf is not None and tenant is not None:
            recalled = self._shelf.recall(tenant, prompt[:-1])
        if recalled is None:
            return Reader(self._run.model, self._run.make_cache())
        return Reader(self._run.model, caches.settled(recalled.cache), recalled.length)

    def _keep(self, row: Row) -> None:
        if self._shelf is not None and row.tenant is not None:
            self._shelf.keep(row.tenant, row.prompt[:-1], row.model.cache)

    def _begin_guessing(self, length: int) -> Reader | None:
        """None where there is no small model, or where it could not see so far."""
        if self._guesser is None or length > self._guesser.small.window:
            return None
        small = self._guesser.small
        return Reader(Within(small, self._run.vocabulary), small.make_cache())

    def _begin_writing(self, row: Row) -> Writer:
        if row.guesser is None or self._guesser is None:
            return Plain(row.model, row.draw, row.prompt)
        return Guessed(row.model, row.guesser, row.draw, row.prompt, guesses=self._guesser.guesses)

    def _write(self, row: Row, writer: Writer) -> list[Token]:
        written: list[Token] = []
        for token in writer.write(row.left):
            row.left -= 1
            end = "stop" if token in self._ends else None if row.left else "length"
            written.append(Token(row.number, token, end))
            if end is not None:
                self._row = None
                break
        return written


def begin_judging(likelihoods: Likelihoods | None) -> Likelihoods | None:
    """None where those of the prompt are not wanted. Its first token follows nothing."""
    if likelihoods is None or not likelihoods.wants_prompt:
        return None
    likelihoods.prompt.append(Likelihood(None))
    return likelihoods


def read(row: Row, reader: Reader) -> Reading:
    """A piece of the row's prompt."""
    start, last = reader.length, len(row.prompt) - 1
    if row.judged is None:
        reader.read(row.prompt[start : min(start + footprints.CHUNK, last)])
    else:
        end = min(start + PIECE, last)
        judge(reader.model, reader.cache, row.prompt[start : end + 1], row.judged)
        reader.length = end
    return Reading(row.number, row.model.length, len(row.prompt))
