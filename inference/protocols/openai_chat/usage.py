"""Token counts as chat completions carry them: the prompt's count holds the cached tokens."""

import msgspec

from inference import ir
from inference.ir import JSON
from inference.protocols.counts import count


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
    service_tier: str | None = None


# Those that other protocols know too.
TIERS = ("default", "priority")
CARRIER = msgspec.json.Decoder(Carrier)


def read_usage(data: bytes | str, before: ir.Usage | None) -> ir.Usage | None:
    """The counts that a chunk or an answer carries, else those known before. Raises msgspec.DecodeError."""
    carrier = CARRIER.decode(data)
    return before if carrier.usage is None else parse_usage(carrier.usage, carrier.service_tier)


def parse_usage(counts: Counts | None, service_tier: str | None) -> ir.Usage:
    tier = service_tier if service_tier in TIERS else None
    if counts is None:
        return ir.Usage(service_tier=tier)
    prompt = counts.prompt_tokens_details or PromptDetails()
    completion = counts.completion_tokens_details or CompletionDetails()
    return ir.Usage(
        input_tokens=count(counts.prompt_tokens),
        output_tokens=count(counts.completion_tokens),
        cached_tokens=count(prompt.cached_tokens),
        cache_write_tokens=count(prompt.cache_write_tokens),
        reasoning_tokens=None if completion.reasoning_tokens is None else count(completion.reasoning_tokens),
        service_tier=tier,
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
