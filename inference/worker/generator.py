"""The batch of one model: mlx-lm's, but for how the rows that write take their steps."""

from typing import Any

import mlx.core as mx

from inference.worker import sampling
from inference.worker.adapter import BatchGenerator, GenerationBatch


class Generator(BatchGenerator):
    """Each row is given a `sampling.Sampler`; what is not given draws the likeliest."""

    def __init__(self, model: Any, **options: Any) -> None:
        super().__init__(model, sampler=sampling.GREEDY, **options)
        self._generation_batch = Writing.empty(model, sampling.GREEDY)


class Writing(GenerationBatch):
    """The rows that write.

    mlx-lm draws row by row unless all rows have the very same sampler, and makes an array of each row's likelihoods at
    every step. Each of these is an operation, of which a small model has not many more itself.
    """

    samplers: Any
    logits_processors: Any
    _current_tokens: Any

    def _step(self) -> tuple[list[int], list[Any]]:
        """Start the next token of each row, and give the one before it. Nobody reads the likelihoods here."""
        inputs = self._current_tokens = self._next_tokens
        unread = [None] * len(self.uids)
        self._current_logprobs, self._next_logprobs = unread, unread.copy()
        logits = self.model(inputs[:, None], cache=self.prompt_cache)[:, -1, :]
        seen: list[mx.array] = []
        if any(self.logits_processors):
            logits = mx.concatenate([self._process(row, logits, inputs, seen) for row in range(len(self.uids))])
        self._next_tokens = sampling.draw(logits, self.samplers)
        mx.async_eval(self._next_tokens, seen)
        tokens: Any = inputs.tolist()
        for written, token in zip(self.tokens, tokens, strict=True):
            written.append(token)
        return tokens, unread

    def _process(self, row: int, logits: mx.array, inputs: mx.array, seen: list[mx.array]) -> mx.array:
        """The row's logits as its processors leave them. What they are shown of its tokens is added to `seen`."""
        changed = logits[row : row + 1]
        if processors := self.logits_processors[row]:
            seen.append(self._token_context[row].update_and_fetch(inputs[row : row + 1]))
            for process in processors:
                changed = process(seen[-1], changed)
        return changed
