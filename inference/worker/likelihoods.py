"""How likely the model itself found each token of a row: a logits processor that looks on and changes nothing."""

from collections import deque

import mlx.core as mx
import numpy as np

from inference.worker.spelling import Likelihood

# What stands for "never": JSON has no infinity.
LEAST = -9999.0


class Likelihoods:
    """The first processor of its row, so that nothing has bent what it sees. `candidates` is how many to keep of each.

    Like every processor it is called one step ahead of what is shown.
    """

    def __init__(self, candidates: int) -> None:
        self._most = candidates
        self._seen: deque[tuple[mx.array, mx.array | None]] = deque()

    def __call__(self, tokens: mx.array, logits: mx.array) -> mx.array:  # noqa: ARG002 - a processor's signature
        row = logits[0].astype(mx.float32)
        logprobs = row - mx.logsumexp(row)
        most = min(self._most, logprobs.size)
        best = mx.argpartition(-logprobs, kth=most - 1)[:most] if most else None
        # Now, so that it is there with the step's token: asked for later, it would wait for the step after.
        mx.async_eval(logprobs, best)
        self._seen.append((logprobs, best))
        return logits

    def take(self, token: int) -> Likelihood:
        """Of the next token to be shown, which is this one."""
        logprobs, best = self._seen.popleft()
        values = np.asarray(logprobs)
        chosen = [] if best is None else np.asarray(best).tolist()
        candidates = sorted(((other, at_least(values[other])) for other in chosen), key=lambda one: (-one[1], one[0]))
        return Likelihood(at_least(values[token]), candidates)


def at_least(logprob: np.float32) -> float:
    return max(float(logprob), LEAST)
