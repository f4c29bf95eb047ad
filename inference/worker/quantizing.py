"""Caches whose numbers have few bits: which layers of a model can have theirs so, and in groups of how many."""

from dataclasses import dataclass
from typing import Any

from inference.worker.adapter import KVCache, make_prompt_cache
from inference.worker.caches import Cache

# How many numbers may share a scale; where the larger fits, less is spent on scales.
GROUPS = (64, 32)


@dataclass(frozen=True, slots=True)
class Quantized:
    """Makes caches for a model. `groups` are those of its layers; None: the layer's cache stays as it is."""

    model: Any
    bits: int
    groups: tuple[int | None, ...]

    def __call__(self) -> Cache:
        layers = make_prompt_cache(self.model)
        return [
            layer if group is None else layer.to_quantized(group_size=group, bits=self.bits)
            for layer, group in zip(layers, self.groups, strict=True)
        ]


def quantized(model: Any, filled: Cache, bits: int) -> Quantized | None:
    """`filled` is a cache of the model that has read something. None: no layer can be quantized."""
    groups = tuple(group(layer) for layer in filled)
    return Quantized(model, bits, groups) if any(groups) else None


def group(layer: Any) -> int | None:
    if type(layer) is not KVCache or layer.keys is None or layer.values is None:
        return None
    widths = layer.keys.shape[-1], layer.values.shape[-1]
    return next((size for size in GROUPS if all(width and width % size == 0 for width in widths)), None)
