"""A row's cache, which holds a state for each layer of the model: out of the batch, cut back, to bytes and from a file.

Everything here is called on the MLX thread. A cache that is kept is never changed: a batch copies what it takes in.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten, tree_map

from inference.worker.adapter import (
    VERSION,
    CacheList,
    KVCache,
    QuantizedKVCache,
    RotatingKVCache,
    can_trim_prompt_cache,
    load_prompt_cache,
    make_prompt_cache,
    trim_prompt_cache,
)
from inference.worker.prefix_files import Tensor

# Objects of mlx_lm, which has no types.
type Cache = list[Any]

PIECE_BYTES = 8 * 1024**2
# The names that safetensors files have for MLX's types.
TYPES = {
    mx.bool_: "BOOL",
    mx.uint8: "U8",
    mx.uint16: "U16",
    mx.uint32: "U32",
    mx.uint64: "U64",
    mx.int8: "I8",
    mx.int16: "I16",
    mx.int32: "I32",
    mx.int64: "I64",
    mx.float16: "F16",
    mx.bfloat16: "BF16",
    mx.float32: "F32",
}


def computed_by() -> str:
    """What else than the model a cache depends on."""
    return f"mlx-lm {VERSION} {mx.default_device()}"


def kinds(cache: Cache) -> list[str]:
    """Of its layers."""
    return [type(layer).__name__ for layer in cache]


def always_trims(model: Any) -> bool:
    """Whether every cache of the model can be cut back, whatever it has read."""
    layers = [part for layer in make_prompt_cache(model) for part in parts(layer)]
    return all(part.is_trimmable() and not isinstance(part, RotatingKVCache) for part in layers)


def batches(model: Any) -> bool:
    """Whether the caches of several rows can be one."""
    return all(hasattr(part, "merge") for layer in make_prompt_cache(model) for part in parts(layer))


def keeps_all(cache: Cache) -> bool:
    """Whether it holds what it has read of every token, so that any of them can be forgotten again."""
    return all(type(layer) in (KVCache, QuantizedKVCache) for layer in cache)


def parts(layer: Any) -> list[Any]:
    return [inner for part in layer.caches for inner in parts(part)] if isinstance(layer, CacheList) else [layer]


def settled(cache: Cache) -> Cache:
    """The same with memory of its own: what comes out of a batch would hold on to the whole batch."""
    own = [type(layer).from_state(tree_map(contiguous, layer.state)) for layer in cache]
    mx.eval([layer.state for layer in own])
    return own


def contiguous(leaf: Any) -> Any:
    return mx.contiguous(leaf) if isinstance(leaf, mx.array) else leaf


def size(cache: Cache) -> int:
    return sum(layer.nbytes for layer in cache)


def trims(cache: Cache) -> bool:
    return bool(can_trim_prompt_cache(cache))


def cut_back(cache: Cache, tokens: int) -> Cache:
    """A cache without its last tokens, which shares the other's arrays."""
    shared = [type(layer).from_state(tree_map(lambda leaf: leaf, layer.state)) for layer in cache]
    if tokens:
        trim_prompt_cache(shared, tokens)
    return shared


def arrays(cache: Cache) -> tuple[dict[str, mx.array], dict[str, str]]:
    """A cache as named arrays and texts, such that `restore` finds them in a file."""
    others: list[Any] = [""]
    named: dict[str, mx.array] = {}
    leaves: Any = tree_flatten([layer.state for layer in cache])
    for name, leaf in leaves:
        named[name], kind = as_array(leaf)
        if kind is not None:
            others.append((name, kind))
    return named, dict(tree_flatten([{}, kinds(cache), others]))


def as_array(leaf: Any) -> tuple[mx.array, str | None]:
    """And what kind of value it was, where it was none."""
    if isinstance(leaf, mx.array):
        return leaf, None
    if leaf is None:
        return mx.array([]), "none"
    if isinstance(leaf, str):
        return mx.array([ord(letter) for letter in leaf]), "string"
    return mx.array(leaf), "scalar"


def tensors(named: dict[str, mx.array]) -> list[Tensor]:
    return [Tensor(name, TYPES[array.dtype], tuple(array.shape), array.nbytes) for name, array in named.items()]


def pieces(named: dict[str, mx.array]) -> Iterator[bytes]:
    """The arrays' bytes, one after the other, in pieces that are made when they are asked for."""
    for array in named.values():
        raw = memoryview(array.reshape(-1).view(mx.uint8)) if array.size else b""
        for start in range(0, len(raw), PIECE_BYTES):
            yield bytes(raw[start : start + PIECE_BYTES])


def restore(path: Path, layers: list[str], length: int) -> Cache:
    """A cache of these kinds and length from its file. Raises ValueError where it is another, or what MLX does."""
    cache: Cache = load_prompt_cache(str(path))
    if kinds(cache) != layers:
        raise ValueError("the file is of another model")
    lengths = {part.offset for layer in cache for part in parts(layer) if hasattr(part, "offset")}
    if lengths - {length}:
        raise ValueError("the file has another length")
    mx.eval([layer.state for layer in cache])
    return cache
