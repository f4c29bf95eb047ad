"""The one module that imports mlx_lm, whose API moves with every minor release."""

import importlib

from mlx_lm.generate import BatchGenerator, TextStateMachine
from mlx_lm.sample_utils import (
    apply_min_p,
    apply_top_k,
    apply_top_p,
    greedy_sampler,
    make_repetition_penalty,
)
from mlx_lm.tokenizer_utils import TokenizerWrapper
from mlx_lm.utils import load_model, load_tokenizer

__all__ = [
    "BatchGenerator",
    "TextStateMachine",
    "TokenizerWrapper",
    "apply_min_p",
    "apply_top_k",
    "apply_top_p",
    "greedy_sampler",
    "load_model",
    "load_tokenizer",
    "make_repetition_penalty",
]


def leave_wired_limit() -> None:
    """Stands in for the call by which every BatchGenerator wires memory: with it macOS panicked under load."""


# By its name: the package shows its function `generate` where the module of that name would be.
vars(importlib.import_module("mlx_lm.generate"))["maybe_set_recommended_wired_limit"] = leave_wired_limit
