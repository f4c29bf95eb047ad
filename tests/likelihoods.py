"""How likely the demo model finds the tokens of a text, computed in one pass over all of it, without the worker."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

from inference.installed import DEMO_FOLDER
from inference.worker.adapter import TokenizerWrapper, load_model, load_tokenizer
from inference.worker.spelling import spelt


@cache
def model() -> Any:
    loaded, _ = load_model(DEMO_FOLDER)
    loaded.set_dtype(mx.float32)
    return loaded


@cache
def tokenizer() -> TokenizerWrapper:
    loaded: TokenizerWrapper = load_tokenizer(DEMO_FOLDER)
    return loaded


@cache
def tokens_by_bytes() -> dict[bytes, int]:
    known = tokenizer()
    return {spelt(token, known.detokenizer, known): token for token in reversed(range(len(known)))}


def logprobs(tokens: Sequence[int]) -> NDArray[np.float32]:
    """A row for each token: what may come behind it."""
    logits = model()(mx.array([list(tokens)]))[0]
    return np.array(logits - mx.logsumexp(logits, axis=-1, keepdims=True))


def chat_prompt(text: str) -> list[int]:
    """The tokens of one question, without thinking."""
    turns = [{"role": "user", "content": text}]
    known = tokenizer()
    rendered = known.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, enable_thinking=False)
    tokens: list[int] = known.encode(rendered, add_special_tokens=False)
    return tokens


def check(prompt: Sequence[int], found: Iterable[tuple[bytes, float, dict[bytes, float]]]) -> int:
    """Hold the tokens of an answer, each with its logprob and its candidates, against the model; how many there are."""
    listed = list(found)
    written = [tokens_by_bytes()[data] for data, _, _ in listed]
    rows = logprobs([*prompt, *written])[len(prompt) - 1 :]
    for (_, logprob, candidates), token, row in zip(listed, written, rows, strict=False):
        assert abs(logprob - row[token]) < 1e-3
        likeliest = np.sort(row)[::-1][: len(candidates)]
        assert np.allclose(list(candidates.values()), likeliest, atol=1e-3)
        assert all(abs(row[tokens_by_bytes()[data]] - value) < 1e-3 for data, value in candidates.items())
    return len(listed)
