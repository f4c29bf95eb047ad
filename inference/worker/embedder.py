"""One loaded embedding model. Everything here is called on the one MLX thread; only bytes leave it.

A text's states become one vector as the model's recipe says: an encoder's by any pooling, a decoder's by its last.
"""

import gc
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx

from inference import footprints, recipes
from inference.recipes import Recipe
from inference.worker.adapter import leaves, load_body, make_prompt_cache
from inference.worker.encoder import Encoder
from inference.worker.loading import Loading, cache_layers, evaluate, single_precision
from inference.worker.memory import CacheLayer, Cost

LEAST_NORM = 1e-12

type Pausing = Generator[None, None, mx.array]


class Embedder:
    def __init__(self, *, model: Any, recipe: Recipe, cost: Cost, slots: int) -> None:
        """`model` is an encoder or an mlx_lm model without its head: the recipe says which."""
        self.slots = slots
        self._recipe = recipe
        self._model = model
        self.is_encoder = recipe.is_encoder
        self.cost = cost
        # Weights that are missing are found out here rather than by a request.
        for _ in self.embed([[0]], [recipe.size], piece=1):
            pass

    def embed(self, rows: Sequence[Sequence[int]], sizes: Sequence[int], *, piece: int) -> Iterator[list[bytes] | None]:
        """A vector for each row, of as many numbers as `sizes` says: little-endian and of four bytes.

        Before it there is None for each pause, for others to have their turn: rows of up to `piece` tokens, padding
        counted, are done at once. Only a single row may have more.
        """
        longest = max(map(len, rows))
        tokens = mx.array([[*row, *[0] * (longest - len(row))] for row in rows])
        pooled = self._encode if self._recipe.is_encoder else self._decode
        vectors = yield from pooled(tokens, mx.array([len(row) for row in rows]), piece)
        yield list(self._finish(vectors.astype(mx.float32), sizes))

    def close(self) -> None:
        del self._model
        gc.collect()
        mx.clear_cache()

    def _encode(self, tokens: mx.array, lengths: mx.array, piece: int) -> Pausing:
        real = mx.arange(tokens.shape[1]) < lengths[:, None]
        states = tokens
        for states in self._model.states(tokens, real[:, None, None] if len(tokens) > 1 else None):
            if tokens.size > piece:
                mx.eval(states)
                yield
        match self._recipe.pooling:
            case "cls":
                return states[:, 0]
            case "last":
                return last(states, lengths)
            case "mean":
                return mx.where(real[..., None], states.astype(mx.float32), 0).sum(1) / lengths[:, None]

    def _decode(self, tokens: mx.array, lengths: mx.array, piece: int) -> Pausing:
        """A token does not see what follows: padding needs no mask, and a long row goes piece by piece."""
        if tokens.size <= piece:
            return last(self._model(tokens), lengths)
        cache = make_prompt_cache(self._model)
        states = tokens
        for start in range(0, tokens.shape[1], piece):
            states = self._model(tokens[:, start : start + piece], cache)
            mx.eval(states)
            yield
        return states[:, -1]

    def _finish(self, vectors: mx.array, sizes: Sequence[int]) -> Iterator[bytes]:
        size = vectors.shape[1]
        wanted = mx.array(list(sizes))[:, None]
        kept = mx.where(mx.arange(size) < wanted, vectors, 0)
        unit = kept / mx.maximum(mx.linalg.norm(kept, axis=1, keepdims=True), LEAST_NORM)
        data = bytes(memoryview(mx.where((wanted < size) | self._recipe.normalise, unit, kept)))
        for number, kept_size in enumerate(sizes):
            yield data[4 * number * size :][: 4 * kept_size]


def load(folder: Path, *, slots: int) -> Loading[Embedder]:
    recipe = recipes.read(folder)
    dtype = mx.float32 if single_precision() else None
    model: Any
    layers: tuple[CacheLayer, ...] = ()
    if recipe.is_encoder:
        model = Encoder(folder, first_position=recipe.first_position, dtype=dtype)
        arrays = model.arrays
        yield from evaluate(arrays)
    else:
        model = load_body(folder)
        if dtype is not None:
            model.set_dtype(dtype)
        arrays = leaves(model)
        yield from evaluate(arrays)
        layers = yield from cache_layers(model)
    cost = Cost(sum(array.nbytes for array in arrays), layers, footprints.working(folder))
    return Embedder(model=model, recipe=recipe, cost=cost, slots=slots)


def last(states: mx.array, lengths: mx.array) -> mx.array:
    return states[mx.arange(len(states)), lengths - 1]
