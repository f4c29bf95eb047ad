"""The one module that imports mlx_lm, whose API moves with every minor release."""

import importlib
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm import __version__ as VERSION
from mlx_lm.generate import BatchGenerator, GenerationBatch, TextStateMachine
from mlx_lm.models.cache import (
    CacheList,
    KVCache,
    QuantizedKVCache,
    RotatingKVCache,
    can_trim_prompt_cache,
    load_prompt_cache,
    make_prompt_cache,
    trim_prompt_cache,
)
from mlx_lm.sample_utils import (
    apply_min_p,
    apply_top_k,
    apply_top_p,
    make_repetition_penalty,
)
from mlx_lm.tokenizer_utils import (
    BPEStreamingDetokenizer,
    SPMStreamingDetokenizer,
    StreamingDetokenizer,
    TokenizerWrapper,
)
from mlx_lm.tokenizer_utils import _byte_decoder as byte_values
from mlx_lm.tuner.utils import linear_to_lora_layers
from mlx_lm.utils import _get_classes, load_config, load_model, load_tokenizer

from inference.worker.templates import render_jinja_template

__all__ = [
    "VERSION",
    "BPEStreamingDetokenizer",
    "BatchGenerator",
    "CacheList",
    "GenerationBatch",
    "KVCache",
    "QuantizedKVCache",
    "RotatingKVCache",
    "SPMStreamingDetokenizer",
    "StreamingDetokenizer",
    "TextStateMachine",
    "TokenizerWrapper",
    "apply_min_p",
    "apply_top_k",
    "apply_top_p",
    "byte_values",
    "can_trim_prompt_cache",
    "insert_lora",
    "leaves",
    "load_body",
    "load_config",
    "load_model",
    "load_prompt_cache",
    "load_tokenizer",
    "make_prompt_cache",
    "make_repetition_penalty",
    "parameters",
    "trim_prompt_cache",
]


def leave_wired_limit() -> None:
    """Stands in for the call by which every BatchGenerator wires memory: with it macOS panicked under load."""


# By its name: the package shows its function `generate` where the module of that name would be.
vars(importlib.import_module("mlx_lm.generate"))["maybe_set_recommended_wired_limit"] = leave_wired_limit
# Whoever has a tokenizer render a conversation comes by this.
vars(importlib.import_module("transformers.tokenization_utils_base"))["render_jinja_template"] = render_jinja_template


def parameters(model: Any) -> dict[str, mx.array]:
    """The model's weights by name."""
    return dict(tree_flatten(model.parameters()))


def leaves(model: Any) -> list[mx.array]:
    """The model's weights."""
    return list(parameters(model).values())


def insert_lora(model: Any, places: set[str], *, rank: int, scale: float) -> None:
    """Give the layers of these names weights of low rank, which are random. Raises ValueError where one can have none.

    A name that the model does not have is passed over.
    """
    # Looked for within each layer as well, where no whole name is found.
    linear_to_lora_layers(model, 0, {"rank": rank, "scale": scale, "dropout": 0.0, "keys": places})


def load_body(folder: Path) -> Any:
    """A model without its head: called with tokens and a cache it gives the states that the head would read.

    Its weights are promised: they come into memory where they are first used.
    """
    model, _ = load_model(folder, lazy=True, get_model_classes=body_classes)
    return model


def body_classes(config: dict[str, Any]) -> tuple[type, type]:
    """The model's classes, made to load weights that were published with no head and without the body's prefix."""
    model_class, arguments_class = _get_classes(config)

    class Body(model_class):  # type: ignore[misc, valid-type]  # known at run time only
        def __init__(self, arguments: object) -> None:
            super().__init__(arguments)
            self.pop("lm_head", None)

        def __call__(self, tokens: mx.array, cache: object = None) -> mx.array:
            states: mx.array = self.model(tokens, cache)
            return states

        def sanitize(self, weights: dict[str, mx.array]) -> dict[str, mx.array]:
            if not any(name.startswith("model.") for name in weights):
                weights = {f"model.{name}": array for name, array in weights.items()}
            if hasattr(super(), "sanitize"):
                weights = super().sanitize(weights)
            return {name: array for name, array in weights.items() if not name.startswith("lm_head.")}

    return Body, arguments_class
