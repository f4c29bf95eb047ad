"""Prompts that are read for the likelihood of their own tokens, a piece at a time, before their rows join the batch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import numpy as np

from inference.worker.adapter import make_prompt_cache
from inference.worker.caches import Cache
from inference.worker.fitting import PIECE
from inference.worker.likelihoods import Likelihoods, measure, pick
from inference.worker.sampling import LogitsProcessor, Sampler
from inference.worker.spelling import Likelihood


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as the batch shall have it."""

    prompt: list[int]
    max_tokens: int
    sampler: Sampler
    processors: list[LogitsProcessor]


@dataclass(slots=True)
class Scored:
    """So many tokens of the prompt are `read`; all but the last are to be, which the batch reads."""

    entry: Entry
    likelihoods: Likelihoods
    cache: Cache
    read: int = 0

    @property
    def total(self) -> int:
        return len(self.entry.prompt) - 1


class Scoring:
    """Its rows have negative numbers, which they keep in the batch. `join` gives the number that a row has there."""

    def __init__(self, model: Any, join: Callable[[Entry, Cache, int], int]) -> None:
        self._model = model
        self._join = join
        self._last = 0
        self._reading: dict[int, Scored] = {}
        self._joined: dict[int, int] = {}

    def begin(self, entry: Entry, likelihoods: Likelihoods) -> int:
        self._last -= 1
        likelihoods.prompt.append(Likelihood(None))
        self._reading[self._last] = Scored(entry, likelihoods, make_prompt_cache(self._model))
        return self._last

    def advance(self) -> list[tuple[int, int, int]]:
        """Read a piece of one prompt: its row, and how many tokens are read, of how many."""
        if not self._reading:
            return []
        number, scored = next(iter(self._reading.items()))
        if scored.read < scored.total:
            self._read(scored)
        if scored.read == scored.total:
            del self._reading[number]
            self._joined[self._join(scored.entry, scored.cache, scored.read)] = number
        return [(number, scored.read, scored.total + 1)]

    def number(self, row: int) -> int:
        """Of a row of the batch."""
        return self._joined.get(row, row)

    def end(self, row: int) -> None:
        """The batch has ended this row of its own."""
        self._joined.pop(row, None)

    def leave(self, number: int) -> int | None:
        """The row that is to be removed from the batch; None: it is not there yet, and will not be."""
        if self._reading.pop(number, None) is not None:
            return None
        row = next((row for row, known in self._joined.items() if known == number), number)
        self.end(row)
        return row

    def _read(self, scored: Scored) -> None:
        piece = scored.entry.prompt[scored.read :][: PIECE + 1]
        judge(self._model, scored.cache, piece, scored.likelihoods)
        scored.read += len(piece) - 1


def judge(model: Any, cache: Cache, piece: list[int], likelihoods: Likelihoods) -> None:
    """Read a piece of a prompt but for its last token, and tell of each token behind the first."""
    logits = model(mx.array([piece[:-1]]), cache=cache)[0]
    logprobs, best = measure(logits, likelihoods.candidates)
    mx.eval([layer.state for layer in cache])
    values, chosen = np.asarray(logprobs), None if best is None else np.asarray(best)
    for at, token in enumerate(piece[1:]):
        likelihoods.prompt.append(pick(values[at], None if chosen is None else chosen[at], token))
