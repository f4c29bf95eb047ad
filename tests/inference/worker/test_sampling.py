"""How tokens are drawn: by their probabilities, and by the seed alone where there is one."""

import math
from collections import Counter
from typing import Any

import mlx.core as mx
import pytest

from inference import ir
from inference.errors import GatewayError, Kind
from inference.worker import sampling
from inference.worker.sampling import Defaults

PROBABILITIES = [0.5, 0.25, 0.15, 0.1]
DRAWS = 4000


def drawn(
    count: int,
    *,
    seed: int | None = 7,
    top_k: int | None = None,
    temperature: float = 1,
    dtype: mx.Dtype = mx.float32,
) -> list[int]:
    asked = ir.Sampling(temperature=temperature, seed=seed, top_k=top_k)
    draw = sampling.sampler(asked, Defaults())
    logprobs = mx.array([[math.log(each) for each in PROBABILITIES]], dtype=dtype)
    tokens: Any = mx.concatenate([draw(logprobs) for _ in range(count)]).tolist()
    return list(tokens)


def test_with_a_seed_tokens_come_as_often_as_they_are_likely() -> None:
    counts = Counter(drawn(DRAWS))
    assert [counts[token] / DRAWS for token in range(4)] == pytest.approx(PROBABILITIES, abs=0.03)


def test_with_a_seed_what_is_cut_off_never_comes() -> None:
    assert set(drawn(500, top_k=2)) == {0, 1}


@pytest.mark.parametrize("dtype", [mx.float32, mx.float16], ids=str)
@pytest.mark.parametrize("seed", [None, 7])
def test_a_temperature_beyond_what_numbers_can_express_still_follows_the_model(
    seed: int | None, dtype: mx.Dtype
) -> None:
    for lowest in (5e-4, 1e-6, 1e-45, 1e-308):
        assert set(drawn(50, seed=seed, temperature=lowest, dtype=dtype)) == {0}
    for highest in (1e6, 1e39, 1e308):
        assert set(drawn(100, seed=seed, temperature=highest, top_k=2, dtype=dtype)) == {0, 1}


def test_a_seed_gives_the_same_tokens_again_and_another_gives_others() -> None:
    assert drawn(50) == drawn(50)
    assert drawn(50) != drawn(50, seed=8)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("temperature", -0.1, "must not be below 0."),
        ("top_p", 1.5, "must be between 0 and 1."),
        ("frequency_penalty", 9.0, "must be between -2 and 2."),
        ("logit_bias", {"0": 101.0}, "must be between -100 and 100."),
    ],
)
def test_a_value_out_of_range_is_told_what_it_may_be(field: str, value: object, told: str) -> None:
    """The field stands before it in what the client reads."""
    asked = ir.Sampling(**{field: value})  # type: ignore[arg-type]  # Each has its own type.
    with pytest.raises(GatewayError) as caught:
        [sampling.sampler(asked, Defaults()), sampling.processors(asked, Defaults(), 4, prompt=1)]
    assert (caught.value.kind, caught.value.param, caught.value.message) == (
        Kind.INVALID_VALUE,
        field,
        f"This field {told}",
    )


def test_noise_that_is_used_up_is_followed_by_other_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "NOISE", 10 * len(PROBABILITIES))
    first, second = drawn(20)[:10], drawn(20)[10:]
    assert first != second


def test_rows_that_draw_in_other_ways_are_each_drawn_as_they_are_alone() -> None:
    ways = [
        ir.Sampling(temperature=0),
        ir.Sampling(temperature=1, seed=3),
        ir.Sampling(temperature=0.7, top_p=0.9, seed=4),
        ir.Sampling(temperature=0),
        ir.Sampling(temperature=1, seed=5),
        ir.Sampling(temperature=1, top_k=1),
    ]
    logits = mx.random.normal((len(ways), 50), key=mx.random.key(1))
    alone, together = ([sampling.sampler(way, Defaults()) for way in ways] for _ in range(2))
    for _ in range(20):
        expected: Any = mx.concatenate([one(logits[row : row + 1]) for row, one in enumerate(alone)]).tolist()
        assert sampling.draw(logits, together).tolist() == expected


def test_a_fork_goes_on_from_the_same_place() -> None:
    one = sampling.sampler(ir.Sampling(temperature=1, seed=3), Defaults())
    logits = mx.zeros((1, 1000))
    one(logits)
    other = one.fork()
    expected = [one(logits).item() for _ in range(5)]
    assert [other(logits).item() for _ in range(5)] == expected
