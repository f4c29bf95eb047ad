"""Holds a row of the batch to what may follow: a logits processor over its constraint."""

import math

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

from inference.worker.constraints import Constraint


class Held:
    """Called once for each token of the row, one step ahead of what is shown; the last of `tokens` is news to it."""

    def __init__(self, constraint: Constraint) -> None:
        self._constraint = constraint
        self._begun = False

    def __call__(self, tokens: mx.array, logits: mx.array) -> mx.array:
        # The model computes while the grammar is looked into.
        mx.async_eval(logits)
        if self._begun:
            token = tokens[-1].item()
            assert isinstance(token, int)
            self._constraint.advance(token)
        self._begun = True
        allowed = fitted(self._constraint.allowed(), logits.shape[-1])
        return mx.where(mx.array(allowed), logits, -math.inf)


def fitted(allowed: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Models have room for more tokens than their tokenizers know."""
    return np.pad(allowed[:width], (0, max(0, width - len(allowed))))
