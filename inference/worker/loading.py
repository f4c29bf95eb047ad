"""A model from its files into memory, piece by piece, so that the answers of other models go on meanwhile."""

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import mlx.core as mx

from inference.adapters import Adapter
from inference.footprints import CHUNK
from inference.model_files import FilesError
from inference.worker import caches
from inference.worker.adapter import KVCache, TokenizerWrapper, leaves, load_model, load_tokenizer, make_prompt_cache
from inference.worker.adapting import adapt
from inference.worker.caches import Cache
from inference.worker.memory import CacheLayer

# What is read from the disk at a time, save for a single larger tensor.
PIECE_BYTES = 4 * 1024**2
# How long a step of others may be kept by a tokenizer that is not there yet, in seconds.
PATIENCE = 0.005

# Caches of so many tokens are compared, where a layer's cache does not simply keep every token.
SHORT, GROWN = 2, 258

type MakeCache = Callable[[], Cache]
type Loading[T] = Generator[None, None, T]


@dataclass(frozen=True, slots=True)
class Opened:
    """A model whose weights are only promised, its configuration, and its tokenizer, which comes."""

    model: Any
    config: dict[str, Any]
    coming: Future[TokenizerWrapper]

    def tokenizer(self) -> Loading[TokenizerWrapper]:
        while not self.coming.done():
            wait([self.coming], timeout=PATIENCE)
            yield
        return self.coming.result()


def open_model(folder: Path, adapter: Adapter | None = None) -> Opened:
    """A thread of its own reads the tokenizer: that may take a second."""
    model, config = load_model(folder, lazy=True)
    if adapter is not None:
        adapt(model, adapter)
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokenizer")
    tokenizer = thread.submit(
        load_tokenizer, folder, {"trust_remote_code": False}, eos_token_ids=config.get("eos_token_id")
    )
    # It ends behind the tokenizer, for which nobody waits where the model is given up.
    thread.shutdown(wait=False)
    if single_precision():
        model.set_dtype(mx.float32)
    return Opened(model, config, tokenizer)


def read_model(folder: Path, adapter: Adapter | None = None) -> Loading[tuple[Any, dict[str, Any], TokenizerWrapper]]:
    """The model with its weights, its configuration and its tokenizer."""
    return (yield from bring(open_model(folder, adapter)))


def bring(opened: Opened) -> Loading[tuple[Any, dict[str, Any], TokenizerWrapper]]:
    yield from evaluate(leaves(opened.model))
    return opened.model, opened.config, (yield from opened.tokenizer())


def single_precision() -> bool:
    """CPUs compute in single precision, and convert half at every step."""
    return bool(mx.default_device() == mx.cpu)


def evaluate(arrays: Iterable[mx.array]) -> Iterator[None]:
    """Bring arrays that are only promised into memory."""
    piece: list[mx.array] = []
    for array in arrays:
        piece.append(array)
        if sum(one.nbytes for one in piece) >= PIECE_BYTES:
            mx.eval(piece)
            piece.clear()
            yield
    mx.eval(piece)
    yield


def cache_layers(model: Any, make: MakeCache | None = None) -> Loading[tuple[CacheLayer, ...]]:
    """What a cache for the model takes, found by filling one. Weights that are missing are found out as well.

    Raises FilesError for weights that make no numbers.
    """
    make = make or partial(make_prompt_cache, model)
    short = make()
    logits = yield from fill(model, short, SHORT)
    if mx.isnan(logits).any().item():
        raise FilesError("with its weights it computes what is no number")
    if caches.keeps_all(short):
        return tuple(CacheLayer(0, -(-layer.nbytes // KVCache.step)) for layer in short)
    grown = make()
    yield from fill(model, grown, GROWN)
    return tuple(measured(few, many) for few, many in zip(short, grown, strict=True))


def fill(model: Any, cache: Cache, tokens: int) -> Loading[mx.array]:
    """Have so many tokens read: what each layer keeps of them depends on those before it alone.

    The logits behind them are only promised.
    """
    logits = promise(model, cache, tokens)
    for layer in cache:
        mx.eval(layer.state)
        yield
    return logits


def promise(model: Any, cache: Cache, tokens: int) -> mx.array:
    """The logits behind so many tokens. Nothing is computed: what the cache will hold has its shape."""
    logits: mx.array = model(mx.zeros((1, tokens), dtype=mx.int32), cache=cache)
    return logits


def measured(few: Any, many: Any) -> CacheLayer:
    token = -(-(many.nbytes - few.nbytes) // (GROWN - SHORT))
    # A cache that grows in steps has the whole first one at once.
    fixed = max(few.nbytes - KVCache.step * token, 0)
    return CacheLayer(fixed, token, most_kept(many))


def most_kept(layer: Any) -> int | None:
    """How many tokens a layer's cache holds at most; None: all."""
    if hasattr(layer, "chunk_size"):
        # Those of a chunk, and what is read at a time.
        return int(layer.chunk_size) + CHUNK + KVCache.step
    return getattr(layer, "max_size", None)
