"""How the next token is drawn: the request's parameters over the model's own, as MLX functions.

A row without a seed shares its sampler with all rows of the same parameters, which are then drawn in one call. A row
with a seed has its own chain of keys, so that its text is the same alone and in any batch.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import mlx.core as mx
import msgspec

from inference import ir
from inference.errors import GatewayError, Kind
from inference.worker.adapter import apply_min_p, apply_top_k, apply_top_p, greedy_sampler, make_repetition_penalty

type Sampler = Callable[[mx.array], mx.array]
type LogitsProcessor = Callable[[mx.array, mx.array], mx.array]

SEEDS = 2**64

# How many numbers of noise a row with a seed has made at once: one call for many tokens where the vocabulary is small,
# and little memory where it is large.
NOISE = 2**16

# Of 0 there would be no token left: this leaves the first.
LEAST_TOP_P = 1e-6

# Beyond these, what is divided by it leaves the numbers of half precision. Below, the likeliest token is as good as
# certain; above, all are as likely as each other.
LEAST_TEMPERATURE, MOST_TEMPERATURE = 1e-3, 1e4

# As OpenAI has them. With much more, what is added up would be no number.
MOST_PENALTY = 2.0
MOST_BIAS = 100.0


class Defaults(msgspec.Struct, frozen=True):
    """What a model's `generation_config.json` says of sampling."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    do_sample: bool | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """What the distribution is cut to. These defaults cut nothing."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0


def read_defaults(folder: Path) -> Defaults:
    try:
        return msgspec.json.decode((folder / "generation_config.json").read_bytes(), type=Defaults)
    except (OSError, msgspec.MsgspecError):
        return Defaults()


def shape(asked: ir.Sampling, defaults: Defaults) -> Shape:
    """Raises GatewayError for a value out of range: MLX would raise in the middle of a step, for all its rows."""
    greedy_by_default = defaults.temperature is None and defaults.do_sample is False
    wanted = Shape(
        temperature=first(asked.temperature, defaults.temperature, 0.0 if greedy_by_default else 1.0),
        top_p=first(asked.top_p, defaults.top_p, 1.0),
        top_k=first(asked.top_k, defaults.top_k, 0),
        min_p=first(asked.min_p, defaults.min_p, 0.0),
    )
    for name, most in (("temperature", math.inf), ("top_p", 1), ("top_k", math.inf), ("min_p", 1)):
        check(name, getattr(wanted, name), 0, most)
    return replace(wanted, temperature=min(wanted.temperature, MOST_TEMPERATURE))


def check(name: str, value: float, least: float, most: float) -> None:
    """Raises GatewayError."""
    if not least <= value <= most:
        raise GatewayError(Kind.INVALID_VALUE, f"{name} is out of range.", param=name)


def first[T](*values: T | None) -> T:
    return next(value for value in values if value is not None)


def sampler(asked: ir.Sampling, defaults: Defaults, vocabulary: int) -> Sampler:
    wanted = shape(asked, defaults)
    if wanted.temperature < LEAST_TEMPERATURE:
        return greedy_sampler
    if asked.seed is None:
        return shared_sampler(wanted, vocabulary)
    return SeededSampler(wanted, vocabulary, asked.seed)


@lru_cache(maxsize=256)
def shared_sampler(wanted: Shape, vocabulary: int) -> Sampler:
    def draw(logprobs: mx.array) -> mx.array:
        return mx.random.categorical(shaped(logprobs, wanted, vocabulary))

    return draw


class SeededSampler:
    """Draws as `mx.random.categorical` does: the largest of the logits, each with noise of its own.

    A copy goes on from the same place, whatever the other draws.
    """

    def __init__(self, wanted: Shape, vocabulary: int, seed: int) -> None:
        self._wanted = wanted
        self._vocabulary = vocabulary
        self._key = mx.random.key(seed % SEEDS)
        self._noise = mx.zeros((0, 0))
        self._drawn = 0

    def __call__(self, logprobs: mx.array) -> mx.array:
        logits = shaped(logprobs, self._wanted, self._vocabulary)
        if self._drawn == len(self._noise):
            self._noise, self._drawn = self._more(logits.shape[-1]), 0
        noise = self._noise[self._drawn]
        self._drawn += 1
        return mx.argmax(logits + noise, axis=-1)

    def _more(self, width: int) -> mx.array:
        self._key, key = mx.random.split(self._key)
        return mx.random.gumbel((max(1, NOISE // width), width), key=key)


def shaped(logprobs: mx.array, wanted: Shape, vocabulary: int) -> mx.array:
    logits = cut(logprobs, wanted, vocabulary)
    # Each operation is one for every row with a seed, at every step.
    return logits if wanted.temperature == 1 else logits / wanted.temperature


def cut(logprobs: mx.array, wanted: Shape, vocabulary: int) -> mx.array:
    if wanted.top_p < 1:
        logprobs = apply_top_p(logprobs, max(wanted.top_p, LEAST_TOP_P))
    if wanted.min_p > 0:
        logprobs = apply_min_p(logprobs, wanted.min_p)
    if 0 < wanted.top_k < vocabulary:
        logprobs = apply_top_k(logprobs, wanted.top_k)
    return logprobs


def processors(asked: ir.Sampling, defaults: Defaults, vocabulary: int, *, prompt: int) -> list[LogitsProcessor]:
    """What changes the logits before drawing. `prompt` is the prompt's length: it is not penalised.

    Raises GatewayError.
    """
    chosen: list[LogitsProcessor] = []
    if asked.logit_bias:
        chosen.append(bias(asked.logit_bias, vocabulary))
    if defaults.repetition_penalty not in (None, 1.0):
        chosen.append(make_repetition_penalty(defaults.repetition_penalty))
    frequency, presence = asked.frequency_penalty or 0.0, asked.presence_penalty or 0.0
    for name, value in (("frequency_penalty", frequency), ("presence_penalty", presence)):
        check(name, value, -MOST_PENALTY, MOST_PENALTY)
    if frequency or presence:
        chosen.append(penalties(frequency, presence, prompt))
    return chosen


def bias(values: dict[str, float], vocabulary: int) -> LogitsProcessor:
    tokens = [int(token) if token.isdecimal() else -1 for token in values]
    if not all(0 <= token < vocabulary for token in tokens):
        raise GatewayError(Kind.INVALID_VALUE, "logit_bias names a token the model does not have.", param="logit_bias")
    for value in values.values():
        check("logit_bias", value, -MOST_BIAS, MOST_BIAS)
    indices, added = mx.array(tokens), mx.array(list(values.values()))

    def apply(_: mx.array, logits: mx.array) -> mx.array:
        return logits.at[:, indices].add(added.astype(logits.dtype))

    return apply


def penalties(frequency: float, presence: float, start: int) -> LogitsProcessor:
    """Lowers the tokens that were written so far: by their count, and for having occurred at all."""

    def apply(tokens: mx.array, logits: mx.array) -> mx.array:
        written = tokens[start:]
        if not written.size:
            return logits
        counts = mx.zeros_like(logits).at[:, written].add(mx.array(1, dtype=logits.dtype))
        return logits - frequency * counts - presence * (counts > 0)

    return apply
