"""How the next token is drawn: the request's parameters over the model's own, as MLX functions.

Rows of the same parameters are drawn in one call. A row with a seed has its own chain of keys, so that its text is the
same alone and in any batch.
"""

import copy
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import mlx.core as mx
import msgspec

from inference import ir
from inference.errors import GatewayError, Kind
from inference.worker.adapter import apply_min_p, apply_top_k, apply_top_p, make_repetition_penalty

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
        allowed = f"must not be below {least:g}" if most == math.inf else f"must be between {least:g} and {most:g}"
        raise GatewayError(Kind.INVALID_VALUE, f"This field {allowed}.", param=name)


def first[T](*values: T | None) -> T:
    return next(value for value in values if value is not None)


class Noise:
    """What a row with a seed adds to its logits, token by token. A copy goes on from the same place."""

    def __init__(self, seed: int) -> None:
        self._key = mx.random.key(seed % SEEDS)
        self._made: list[mx.array] = []
        self._taken = 0

    def take(self, width: int) -> mx.array:
        """1 × width."""
        if self._taken == len(self._made):
            self._made, self._taken = self._more(width), 0
        self._taken += 1
        return self._made[self._taken - 1]

    def _more(self, width: int) -> list[mx.array]:
        self._key, key = mx.random.split(self._key)
        count = max(1, NOISE // width)
        return list(mx.split(mx.random.gumbel((count, width), key=key), count))


@dataclass(frozen=True, slots=True)
class Sampler:
    """How a row draws. `shape` None: the likeliest token. `noise` None: the noise is nobody's own."""

    shape: Shape | None = None
    noise: Noise | None = None

    def __call__(self, logits: mx.array) -> mx.array:
        return draw(logits, [self] * len(logits))

    def fork(self) -> "Sampler":
        """One that goes on from the same place, whatever the other draws."""
        return replace(self, noise=copy.copy(self.noise))


GREEDY = Sampler()


def sampler(asked: ir.Sampling, defaults: Defaults) -> Sampler:
    wanted = shape(asked, defaults)
    if wanted.temperature < LEAST_TEMPERATURE:
        return GREEDY
    return shared_sampler(wanted) if asked.seed is None else Sampler(wanted, Noise(asked.seed))


@lru_cache(maxsize=256)
def shared_sampler(wanted: Shape) -> Sampler:
    return Sampler(wanted)


def draw(logits: mx.array, samplers: Sequence[Sampler]) -> mx.array:
    """A token for each row of the logits, in one call for those that draw alike."""
    alike: defaultdict[tuple[Shape | None, bool], list[int]] = defaultdict(list)
    for row, one in enumerate(samplers):
        alike[one.shape, one.noise is None].append(row)
    if len(alike) == 1:
        return draw_alike(logits, samplers)
    groups = alike.values()
    drawn = [draw_alike(logits[mx.array(rows)], [samplers[row] for row in rows]) for rows in groups]
    order = [row for rows in groups for row in rows]
    return mx.concatenate(drawn)[mx.array(sorted(range(len(order)), key=order.__getitem__))]


def draw_alike(logits: mx.array, samplers: Sequence[Sampler]) -> mx.array:
    wanted = samplers[0].shape
    if wanted is None:
        return mx.argmax(logits, axis=-1)
    logits = shaped(logits.astype(mx.float32), wanted)
    noise = [one.noise.take(logits.shape[-1]) for one in samplers if one.noise is not None]
    if not noise:
        return mx.random.categorical(logits)
    # As `mx.random.categorical` does it.
    return mx.argmax(logits + (mx.concatenate(noise) if len(noise) > 1 else noise[0]), axis=-1)


def shaped(logits: mx.array, wanted: Shape) -> mx.array:
    logits = cut(logits, wanted)
    # Each operation is one more at every step.
    return logits if wanted.temperature == 1 else logits / wanted.temperature


def cut(logits: mx.array, wanted: Shape) -> mx.array:
    if wanted.top_p < 1:
        logits = apply_top_p(logits - mx.logsumexp(logits, axis=-1, keepdims=True), max(wanted.top_p, LEAST_TOP_P))
    if wanted.min_p > 0:
        logits = apply_min_p(logits, wanted.min_p)
    if 0 < wanted.top_k < logits.shape[-1]:
        logits = apply_top_k(logits, wanted.top_k)
    return logits


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
        raise GatewayError(Kind.INVALID_VALUE, "This names a token that the model does not have.", param="logit_bias")
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
