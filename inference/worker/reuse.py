"""What the rows of a batch take from the kept prefixes, and what they leave there. Called on the MLX thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from inference.worker.adapter import BatchGenerator
from inference.worker.caches import Cache
from inference.worker.prefixes import SHORTEST, Shelf


@dataclass(frozen=True, slots=True)
class Start:
    """How a row begins: `segments` are what is left to read, in pieces that end where its cache is to be kept.

    `borders` are those places, counted from the beginning of the prompt.
    """

    tenant: str | None
    segments: list[list[int]]
    borders: frozenset[int]
    cache: Cache | None = None
    cached: int = 0


class Reuse:
    def __init__(self, batch: BatchGenerator, shelf: Shelf) -> None:
        self._batch = batch
        self._shelf = shelf
        self._rows: dict[int, Start] = {}

    def start(self, prompt: list[int], tenant: str | None, borders: Sequence[int]) -> Start:
        """`borders` empty: the cache can be cut back, so the end of the prompt serves all of its beginnings."""
        if tenant is None:
            return Start(None, [prompt], frozenset())
        # The last token is always left: what follows it is the answer.
        last = len(prompt) - 1
        recalled = self._shelf.recall(tenant, prompt[:last])
        cached = recalled.length if recalled else 0
        # A little more than what is kept already is kept with the answer.
        ends = sorted({min(border, last) for border in borders}) or [last] * (last - cached >= SHORTEST)
        places = [cached, *(end for end in ends if end > cached), len(prompt)]
        segments = [prompt[begin:end] for begin, end in pairwise(places)]
        return Start(tenant, segments, frozenset(ends), recalled.cache if recalled else None, cached)

    def follow(self, row: int, start: Start) -> None:
        if start.tenant is not None:
            self._rows[row] = start

    def progress(self, row: int, read: int, total: int) -> tuple[int, int]:
        cached = self._rows[row].cached if row in self._rows else 0
        return cached + read, cached + total

    def keep(self, prompts: Sequence[Any], answers: Sequence[Any]) -> None:
        """After a step: what has come to a border, and the answers that are whole."""
        for piece in prompts:
            start = self._rows.get(piece.uid)
            if start and piece.end_of_segment and start.cached + piece.progress[0] in start.borders:
                self._keep(piece.uid)
        for answer in answers:
            if answer.finish_reason is not None and (start := self._rows.pop(answer.uid, None)):
                assert start.tenant is not None
                self._shelf.keep_soon(start.tenant, answer.all_tokens, answer.prompt_cache)

    def leave(self, row: int) -> None:
        """Before a row is removed in the middle: its prompt may come again."""
        if row in self._rows:
            self._keep(row)
            del self._rows[row]

    def _keep(self, row: int) -> None:
        tenant = self._rows[row].tenant
        assert tenant is not None
        for cache, tokens in self._batch.extract_cache([row]).values():
            self._shelf.keep(tenant, tokens, cache)
