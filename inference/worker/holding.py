"""Holds a row of the batch to what may follow: a logits processor over its constraint and its budget for thinking."""

import math

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

from inference.protocols import native
from inference.worker.adapter import TokenizerWrapper
from inference.worker.constraints import Constraint
from inference.worker.prompts import Prompt
from inference.worker.thinking import ThinkingLimit
from inference.worker.work import Work


class Held:
    """Called once for each token of the row, one step ahead of what is shown; the last of `tokens` is news to it."""

    def __init__(self, constraint: Constraint | None, limit: ThinkingLimit | None) -> None:
        self._constraint = constraint
        self._limit = limit
        self._begun = False

    def __call__(self, tokens: mx.array, logits: mx.array) -> mx.array:
        if self._constraint is None and (self._limit is None or self._limit.is_over):
            return logits
        # The model computes while the grammar is looked into.
        mx.async_eval(logits)
        if self._begun:
            token = tokens[-1].item()
            assert isinstance(token, int)
            self._advance(token)
        self._begun = True
        allowed = self._allowed(logits.shape[-1])
        return logits if allowed is None else mx.where(mx.array(allowed), logits, -math.inf)

    def _advance(self, token: int) -> None:
        if self._constraint is not None:
            self._constraint.advance(token)
        if self._limit is not None:
            self._limit.advance(token)

    def _allowed(self, width: int) -> NDArray[np.bool_] | None:
        allowed = None if self._constraint is None else fitted(self._constraint.allowed(), width)
        forced = None if self._limit is None else self._limit.forced
        # Not in the middle of a character: there the constraint wants its rest first.
        if forced is not None and (allowed is None or allowed[forced]):
            allowed = np.zeros(width, dtype=np.bool_)
            allowed[forced] = True
        return allowed


def begin_holding(work: Work, prompt: Prompt, tokenizer: TokenizerWrapper) -> Held | None:
    """None where the answer is free, and so is its thinking."""
    assert isinstance(work.job, native.Job)
    budget = work.job.thinking_budget
    limit = None
    if budget is not None and tokenizer.has_thinking:
        opening, closing = tokenizer.think_start_tokens, tokenizer.think_end_tokens
        limit = ThinkingLimit(opening, closing, budget, thinks=prompt.thinks)
    return Held(work.constraint, limit) if work.constraint or limit else None


def fitted(allowed: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Models have room for more tokens than their tokenizers know."""
    return np.pad(allowed[:width], (0, max(0, width - len(allowed))))
