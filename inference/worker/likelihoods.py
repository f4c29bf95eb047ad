"""How likely the model itself found each token of a row: a logits processor that looks on and changes nothing."""

from collections import deque

import mlx.core as mx
import numpy as np
from numpy.typing import NDArray

from inference.worker.spelling import Likelihood

# What stands for "never": JSON has no infinity.
LEAST = -9999.0


class Likelihoods:
    """The first processor of its row, so that nothing has bent what it sees. `candidates` is how many to keep of each.

    Like every processor it is called one step ahead of what is shown. `prompt` are those of the prompt's tokens, where
    they are wanted: somebody else finds them out.
    """

    def __init__(self, candidates: int, *, wants_prompt: bool = False) -> None:
        self.candidates = candidates
        self.wants_prompt = wants_prompt
        self.prompt: list[Likelihood] = []
        self._seen: deque[tuple[mx.array, mx.array | None]] = deque()

    def __call__(self, tokens: mx.array, logits: mx.array) -> mx.array:  # noqa: ARG002 - a processor's signature
        self._seen.append(measure(logits, self.candidates))
        return logits

    def take(self, token: int) -> Likelihood:
        """Of the next token to be shown, which is this one."""
        logprobs, best = self._seen.popleft()
        return pick(np.asarray(logprobs)[0], None if best is None else np.asarray(best)[0], token)


def measure(logits: mx.array, candidates: int) -> tuple[mx.array, mx.array | None]:
    """For each row of logits the likelihood of every token, and which are the likeliest, in any order."""
    logits = logits.astype(mx.float32)
    logprobs = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
    most = min(candidates, logits.shape[-1])
    best = mx.argpartition(-logprobs, kth=most - 1, axis=-1)[:, :most] if most else None
    # Now, so that it is there with the step's token: asked for later, it would wait for the step after.
    mx.async_eval(logprobs, best)
    return logprobs, best


def pick(logprobs: NDArray[np.float32], best: NDArray[np.uint32] | None, token: int) -> Likelihood:
    chosen = [] if best is None else best.tolist()
    candidates = sorted(((other, at_least(logprobs[other])) for other in chosen), key=lambda one: (-one[1], one[0]))
    return Likelihood(at_least(logprobs[token]), candidates)


def at_least(logprob: np.float32) -> float:
    return max(float(logprob), LEAST)
