"""Answers as legacy completions have them: whole and as a stream they are of one shape."""

import heapq
import itertools
import math
from collections.abc import Sequence

import msgspec

from inference import ir, sse
from inference.ir import JSON
from inference.protocols.codec import Answering
from inference.protocols.folding import fold
from inference.protocols.names import derived_id
from inference.protocols.openai_chat.stream_rendering import DONE
from inference.protocols.openai_chat.usage import render_usage
from inference.protocols.openai_completions.logprobs import Places

FINISH_REASONS: dict[ir.StopReason, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "max_tokens": "length",
    "context_window": "length",
    "refusal": "content_filter",
}


class CompletionRendering:
    """So many answers, of which those to one prompt are `drawn` and the likeliest `answers` shown."""

    def __init__(self, answering: Answering, count: int, *, drawn: int, answers: int) -> None:
        self._answering = answering
        self._drawn = drawn
        self._answers = answers
        self._places = [Places() for _ in range(count)]

    def whole(self, completions: Sequence[ir.Completion], usage: ir.Usage) -> bytes:
        choices = [
            self._choice(index, completion, FINISH_REASONS[completion.stop_reason])
            for index, completion in enumerate(self._shown(completions))
        ]
        return msgspec.json.encode(self._envelope(choices) | {"usage": render_usage(usage)})

    def piece(self, index: int, events: ir.Events) -> bytes:
        said = fold(events)
        last = events[-1]
        reason = FINISH_REASONS[last.stop_reason] if isinstance(last, ir.Finished) else None
        if not said.content and not said.tokens and reason is None:
            return b""
        return self._chunk([self._choice(index, said, reason)])

    def end(self, usage: ir.Usage) -> bytes:
        return (self._chunk([], usage) if self._answering.include_usage else b"") + DONE

    def _shown(self, completions: Sequence[ir.Completion]) -> Sequence[ir.Completion]:
        if self._drawn == self._answers:
            return completions
        prompts = itertools.batched(completions, self._drawn)
        return [shown for drawn in prompts for shown in heapq.nlargest(self._answers, drawn, key=likelihood)]

    def _chunk(self, choices: list[dict[str, JSON]], usage: ir.Usage | None = None) -> bytes:
        """An event of the stream. Where counts are wanted, only the last has any."""
        counts = {"usage": render_usage(usage) if usage is not None else None} if self._answering.include_usage else {}
        return sse.encode("", msgspec.json.encode(self._envelope(choices) | counts))

    def _choice(self, index: int, said: ir.Completion, reason: str | None) -> dict[str, JSON]:
        return {
            "text": "".join(block.text for block in said.content if isinstance(block, ir.Text)),
            "index": index,
            "logprobs": self._places[index].render(said.tokens) if self._answering.logprobs else None,
            "finish_reason": reason,
        }

    def _envelope(self, choices: list[dict[str, JSON]]) -> dict[str, JSON]:
        return {
            "id": derived_id("cmpl-", self._answering.request_id),
            "object": "text_completion",
            "created": self._answering.created,
            "model": self._answering.model,
            "choices": choices,
        }


def likelihood(completion: ir.Completion) -> float:
    """The mean of its tokens' logprobs. One of no tokens says nothing, and is the last to be wanted."""
    found = [token.logprob for token in completion.tokens if token.logprob is not None]
    return math.fsum(found) / len(found) if found else -math.inf
