"""Several answers to one request at the local worker: written at once, and told apart by their numbers."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols import native, wire
from inference.protocols.folding import fold
from inference.protocols.openai_chat.errors import render_stream_error
from inference.protocols.openai_chat.stream_rendering import KEEPALIVE, PING
from inference.protocols.warnings import Warnings

SEEDS = 2**64  # As the worker counts them.
# Bytes of what is sent for an answer and was sent for another already.
MOST_COPIED = 64 * 1024**2


class Rendering(Protocol):
    """How a client's protocol shows several answers. Where it has nothing to show, what it gives is empty."""

    def whole(self, completions: Sequence[ir.Completion], usage: ir.Usage) -> bytes: ...

    def piece(self, index: int, events: ir.Events) -> bytes: ...

    def end(self, usage: ir.Usage) -> bytes: ...


class LocalChoices:
    """`jobs` are those of the answers to the first prompt, then to the next; `answers` are written for each prompt.

    Raises GatewayError where that is too much to be sent.
    """

    endpoint = "choices"
    passes = False

    def __init__(
        self,
        jobs: Sequence[native.Job],
        rendering: Rendering,
        *,
        answers: int,
        request_id: str,
        warnings: Warnings,
    ) -> None:
        self.request = encoded(jobs, answers)
        self.warnings = warnings
        self.usage: ir.Usage | None = None
        self._rendering = rendering
        self._count = len(jobs)
        self._answers = answers
        self._request_id = request_id

    def plain(self, body: bytes, *, is_stream: bool) -> bytes:  # noqa: ARG002 - the worker always streams
        parser = native.ChoiceParser(self._count)
        events: list[list[ir.Event]] = [[] for _ in range(self._count)]
        for index, some in parser.feed(body):
            events[index] += some
        parser.close()
        completions = [fold(some) for some in events]
        self.usage = total([completion.usage for completion in completions], self._answers)
        return self._rendering.whole(completions, self.usage)

    def stream(self, is_stream: bool) -> "ChoiceStream":  # noqa: ARG002 - as above
        return ChoiceStream(self._rendering, count=self._count, answers=self._answers, request_id=self._request_id)


class ChoiceStream:
    """`usage` is told when all answers have ended."""

    # The worker ends the stream with the last answer.
    is_ending = False
    keepalive = KEEPALIVE

    def __init__(self, rendering: Rendering, *, count: int, answers: int, request_id: str) -> None:
        self._parser = native.ChoiceParser(count)
        self._usages = [ir.Usage()] * count
        self._answers = answers
        self._rendering = rendering
        self._request_id = request_id
        self._begun = False
        self.progress = 0
        self.usage: ir.Usage | None = None

    def feed(self, chunk: bytes) -> bytes:
        came = self._parser.feed(chunk)
        for index, events in came:
            if isinstance(events[-1], ir.Finished):
                self._usages[index] = events[-1].usage
        parts = b"".join([self._rendering.piece(index, events) for index, events in came])
        if parts:
            self._begun = True
            self.progress += 1
            return parts
        return PING if self._begun and came else b""

    def release(self) -> bytes:
        """Nothing is held, but the client shall learn that its answer has begun."""
        if self._begun:
            return b""
        self._begun = True
        return KEEPALIVE

    def end(self) -> bytes:
        self._parser.close()
        self.usage = total(self._usages, self._answers)
        return self._rendering.end(self.usage)

    def fail(self, error: GatewayError) -> bytes:
        return render_stream_error(error, self._request_id)


def encoded(jobs: Sequence[native.Job], answers: int) -> bytes:
    """A large request, and each answer has it sent anew: that is looked at before it takes the memory."""
    if answers > 1 and len(wire.encode(jobs[::answers])) * (answers - 1) > MOST_COPIED:
        message = f"The request is too large for {answers} answers."
        raise GatewayError(Kind.REQUEST_TOO_LARGE, message, param="n")
    return wire.encode(jobs)


def numbered(sampling: ir.Sampling, number: int) -> ir.Sampling:
    """Answers to one prompt differ although the client gave one seed, and are the same when it asks again."""
    if sampling.seed is None:
        return sampling
    return msgspec.structs.replace(sampling, seed=(sampling.seed + number) % SEEDS)


def total(usages: Sequence[ir.Usage], answers: int) -> ir.Usage:
    """A prompt counts once, however many answers were written to it."""
    prompts = usages[::answers]
    thought = [usage.reasoning_tokens for usage in usages if usage.reasoning_tokens is not None]
    return ir.Usage(
        input_tokens=sum(usage.input_tokens for usage in prompts),
        output_tokens=sum(usage.output_tokens for usage in usages),
        cached_tokens=sum(usage.cached_tokens for usage in prompts),
        reasoning_tokens=sum(thought) if thought else None,
    )
