"""Writes the tokens of one row that has a model to itself: one at a time, or as many as another model guessed right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import mlx.core as mx

from inference.worker.adapter import trim_prompt_cache
from inference.worker.caches import Cache
from inference.worker.drawing import Draw
from inference.worker.sampling import LogitsProcessor, Sampler


@dataclass(slots=True)
class Reader:
    """A model with its cache of the row, which has `length` tokens of the prompt.

    Called with tokens that follow, it gives the logits after each.
    """

    model: Any
    cache: Cache
    length: int = 0

    def __call__(self, tokens: mx.array) -> mx.array:
        logits: mx.array = self.model(tokens[None], cache=self.cache)[0]
        return logits

    def read(self, tokens: list[int]) -> None:
        """Of the prompt."""
        self.model(mx.array(tokens)[None], cache=self.cache)
        mx.eval([layer.state for layer in self.cache])
        mx.clear_cache()
        self.length += len(tokens)

    def forget(self, tokens: int) -> None:
        if tokens:
            trim_prompt_cache(self.cache, tokens)


class Writer(Protocol):
    def write(self, left: int) -> list[int]:
        """The next tokens: at least one, and no more than are left to be written."""


class Plain:
    """Draws each token while the one before it is shown. `prompt` is read but for its last token."""

    def __init__(self, model: Reader, draw: Draw, prompt: list[int]) -> None:
        self._model = model
        self._draw = draw
        self._seen = mx.array(prompt[:-1], dtype=mx.int32)
        self._next = self._follow(mx.array(prompt[-1:], dtype=mx.int32))

    def write(self, left: int) -> list[int]:
        token = self._next
        if left > 1:
            self._next = self._follow(token)
        return [whole(token)]

    def _follow(self, token: mx.array) -> mx.array:
        logits = self._model(token)[-1:]
        self._seen = joined(self._seen, token)
        drawn = draw_from(logits, self._seen, self._draw.processors, self._draw.sampler)
        mx.async_eval(drawn, self._seen)
        return drawn


class Guessed:
    """Has another model guess some tokens, and looks at all of them at once. `prompt` is read but for its last token.

    Every token is drawn as it would be without the guesses: those that are other than guessed end the round.
    """

    def __init__(self, model: Reader, guesser: Reader, draw: Draw, prompt: list[int], *, guesses: int) -> None:
        self._model = model
        self._guesser = guesser
        self._processors = draw.processors
        self._sampler = draw.sampler
        self._guesses = guesses
        self._seen = mx.array(prompt[:-1], dtype=mx.int32)
        self._last = mx.array(prompt[-1:], dtype=mx.int32)
        # What the guesser has not read.
        self._unread = self._last

    def write(self, left: int) -> list[int]:
        guesses = self._guess(min(self._guesses, left - 1))
        read = joined(self._last, *guesses)
        logits = self._model(read)
        drawn, samplers = self._draw(logits, read)
        guessed = [whole(token) for token in guesses]
        right = 0
        tokens = [whole(drawn[0])]
        while right < len(guessed) and tokens[-1] == guessed[right]:
            right += 1
            tokens.append(whole(drawn[right]))
        self._settle(read, tokens, samplers[right])
        return tokens

    def _guess(self, count: int) -> list[mx.array]:
        guesses: list[mx.array] = []
        unread = self._unread
        for _ in range(count):
            unread = mx.argmax(self._guesser(unread)[-1:], axis=-1).astype(mx.int32)
            guesses.append(unread)
        return guesses

    def _draw(self, logits: mx.array, read: mx.array) -> tuple[list[mx.array], list[Sampler]]:
        """A token for each place, and the sampler as it is behind that: what a wrong guess makes of it is undone."""
        drawn: list[mx.array] = []
        samplers: list[Sampler] = []
        sampler = self._sampler
        for place in range(logits.shape[0]):
            sampler = sampler.fork()
            seen = joined(self._seen, read[: place + 1])
            drawn.append(draw_from(logits[place : place + 1], seen, self._processors, sampler))
            samplers.append(sampler)
        mx.eval(drawn, self._seen)
        return drawn, samplers

    def _settle(self, read: mx.array, tokens: list[int], sampler: Sampler) -> None:
        """Forget the guesses that were wrong."""
        right, guesses = len(tokens) - 1, read.size - 1
        self._sampler = sampler
        self._seen = joined(self._seen, read[: right + 1])
        self._last = mx.array(tokens[-1:], dtype=mx.int32)
        self._model.forget(guesses - right)
        # It has read all of its guesses but the last.
        self._guesser.forget(max(guesses - right - 1, 0))
        self._unread = joined(read[-1:], self._last) if right == guesses else self._last


def draw_from(logits: mx.array, seen: mx.array, processors: Sequence[LogitsProcessor], sampler: Sampler) -> mx.array:
    for process in processors:
        logits = process(seen, logits)
    return sampler(logits)


def joined(*tokens: mx.array) -> mx.array:
    return mx.concatenate([one.astype(mx.int32) for one in tokens])


def whole(token: mx.array) -> int:
    number = token.item()
    assert isinstance(number, int)
    return number
