"""Answers as legacy completions have them: whole and as a stream they are of one shape."""

from collections.abc import Iterable, Sequence

import msgspec

from inference import ir, sse
from inference.ir import JSON
from inference.protocols.codec import Answering
from inference.protocols.names import derived_id
from inference.protocols.openai_chat.usage import render_usage

FINISH_REASONS: dict[ir.StopReason, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "max_tokens": "length",
    "context_window": "length",
    "refusal": "content_filter",
}


class Choice:
    """One answer, as far as it has come. `stop_reason` is None until it has ended."""

    def __init__(self) -> None:
        self.text = ""
        self.stop_reason: ir.StopReason | None = None
        self.usage = ir.Usage()

    def add(self, events: ir.Events) -> str:
        """The text that the events hold."""
        text = "".join(event.text for event in events if isinstance(event, ir.TextDelta))
        for event in events:
            if isinstance(event, ir.Finished):
                self.stop_reason, self.usage = event.stop_reason, event.usage
        self.text += text
        return text


def total(choices: Sequence[Choice], answers: int) -> ir.Usage:
    """A prompt counts once, however many answers were written to it."""
    usages = [choice.usage for choice in choices]
    prompts = usages[::answers]
    return ir.Usage(
        input_tokens=sum(usage.input_tokens for usage in prompts),
        output_tokens=sum(usage.output_tokens for usage in usages),
        cached_tokens=sum(usage.cached_tokens for usage in prompts),
    )


def render_whole(answering: Answering, choices: Sequence[Choice], usage: ir.Usage) -> bytes:
    rendered = [render_choice(index, choice.text, choice.stop_reason) for index, choice in enumerate(choices)]
    return msgspec.json.encode(envelope(answering, rendered) | {"usage": render_usage(usage)})


def render_chunk(answering: Answering, choices: Iterable[dict[str, JSON]], usage: ir.Usage | None = None) -> bytes:
    """An event of the stream. Where counts are wanted, only the last has any."""
    counts = {"usage": render_usage(usage) if usage is not None else None} if answering.include_usage else {}
    return sse.encode("", msgspec.json.encode(envelope(answering, list(choices)) | counts))


def envelope(answering: Answering, choices: list[dict[str, JSON]]) -> dict[str, JSON]:
    return {
        "id": derived_id("cmpl-", answering.request_id),
        "object": "text_completion",
        "created": answering.created,
        "model": answering.model,
        "choices": choices,
    }


def render_choice(index: int, text: str, stop_reason: ir.StopReason | None) -> dict[str, JSON]:
    reason = FINISH_REASONS[stop_reason] if stop_reason is not None else None
    return {"text": text, "index": index, "logprobs": None, "finish_reason": reason}
