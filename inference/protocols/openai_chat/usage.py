"""Token counts as chat completions carry them: the prompt's count holds the cached tokens."""

import msgspec

from inference import ir
from inference.ir import JSON


class PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class CompletionDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class Counts(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None


class Carrier(msgspec.Struct):
    """Whatever carries counts: a whole answer, or a chunk of one."""

    usage: Counts | None = None


CARRIER = msgspec.json.Decoder(Carrier)


def read_usage(data: bytes | str, before: ir.Usage | None) -> ir.Usage | None:
    """The counts that a chunk or an answer carries, else those known before. Raises msgspec.DecodeError."""
    counts = CARRIER.decode(data).usage
    return before if counts is None else parse_usage(counts)


def parse_usage(counts: Counts | None) -> ir.Usage:
    if counts is None:
        return ir.Usage()
    prompt = counts.prompt_tokens_details or PromptDetails()
    completion = counts.completion_tokens_details or CompletionDetails()
    return ir.Usage(
        input_tokens=counts.prompt_tokens or 0,
        output_tokens=counts.completion_tokens or 0,
        cached_tokens=prompt.cached_tokens or 0,
        cache_write_tokens=prompt.cache_write_tokens or 0,
        reasoning_tokens=completion.reasoning_tokens,
    )


def render_usage(usage: ir.Usage) -> dict[str, JSON]:
    """Computes the total, and leaves no count null: typed clients would break."""
    counts: dict[str, JSON] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
    }
    if usage.reasoning_tokens is not None:
        counts["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    return counts
