"""What is drawn, held against the model's own distribution, bent as the request says; alone and among seven."""

import asyncio
from collections import Counter

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from inference import ir
from inference.backends.local import LocalBackend
from tests.likelihoods import chat_prompt, logprobs, tokens_by_bytes
from tests.local_models import Answered, ask, question

STORY = "Tell me a story about a cat."
# By which tokens differ clearly: two sums of the same numbers may differ in their last digits.
CLOSE = 1e-3


def asked(sampling: ir.Sampling) -> ir.Request:
    return question(STORY, sampling=sampling, logprobs=0, max_tokens=24)


def written(answered: Answered) -> list[int]:
    tokens = [token for event in answered.events if isinstance(event, ir.TextDelta) for token in event.tokens]
    return [tokens_by_bytes()[token.data] for token in tokens]


def distributions(answered: Answered) -> list[tuple[int, list[int], NDArray[np.float32]]]:
    """Of each token: which it is, what was written before it, and what the model would have had there."""
    tokens, prompt = written(answered), chat_prompt(STORY)
    rows = logprobs([*prompt, *tokens])[len(prompt) - 1 :]
    return [(token, tokens[:at], row) for (at, token), row in zip(enumerate(tokens), rows, strict=False)]


@pytest.mark.parametrize(("frequency", "presence"), [(0.7, 0.0), (0.0, 1.5), (2.0, 2.0), (-0.5, -0.5)], ids=str)
async def test_penalties_are_by_count_and_by_presence_in_the_answer(
    local: LocalBackend, frequency: float, presence: float
) -> None:
    sampling = ir.Sampling(temperature=0, frequency_penalty=frequency, presence_penalty=presence)
    answered = await ask(local, asked(sampling))
    for token, before, row in distributions(answered):
        for other, count in Counter(before).items():
            row[other] -= frequency * count + presence
        assert row[token] > row.max() - CLOSE
    assert len(written(answered)) > 5


async def test_a_bias_is_added_before_the_choice(local: LocalBackend) -> None:
    bias = {"300": 4.0, "310": 2.5, "320": -100.0}
    answered = await ask(local, asked(ir.Sampling(temperature=0, logit_bias=bias)))
    for token, _, row in distributions(answered):
        for name, value in bias.items():
            row[int(name)] += value
        assert row[token] > row.max() - CLOSE


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_drawn_is_inside_the_cut(local: LocalBackend, seed: int) -> None:
    loose = ir.Sampling(temperature=2.0, seed=seed)
    cuts: list[dict[str, float]] = [{"min_p": 0.2}, {"top_k": 3}, {"top_p": 0.6}]
    answers = [await ask(local, asked(msgspec.structs.replace(loose, **cut))) for cut in cuts]
    for token, _, row in distributions(answers[0]):
        assert row[token] > row.max() + np.log(0.2) - CLOSE
    for token, _, row in distributions(answers[1]):
        assert row[token] > np.sort(row)[-3] - CLOSE
    for token, _, row in distributions(answers[2]):
        likelier = np.exp(row[row > row[token] + CLOSE]).sum()
        assert likelier < 0.6 + CLOSE
    assert len({answer.text for answer in answers}) == 3


async def test_every_way_of_drawing_gives_the_same_alone_and_among_seven(local: LocalBackend) -> None:
    ways = [
        ir.Sampling(temperature=0),
        ir.Sampling(temperature=1.5, seed=7),
        ir.Sampling(temperature=1.5, seed=7, min_p=0.05),
        ir.Sampling(temperature=1.2, seed=8, top_k=5, top_p=0.8),
        ir.Sampling(temperature=0, frequency_penalty=1.0, presence_penalty=0.5),
        ir.Sampling(temperature=0.9, seed=9, frequency_penalty=1.0),
        ir.Sampling(temperature=0, logit_bias={"300": 4.0, "320": -100.0}),
    ]
    alone = [await ask(local, asked(way)) for way in ways]
    together = await asyncio.gather(*(ask(local, asked(way)) for way in ways))
    assert [each.text for each in together] == [each.text for each in alone]
    assert len({each.text for each in alone}) > 4
