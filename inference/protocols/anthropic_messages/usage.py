"""Token counts as the Messages API carries them: three input counters that do not overlap."""

import msgspec

from inference import ir
from inference.ir import JSON
from inference.protocols.counts import count


class OutputDetails(msgspec.Struct):
    thinking_tokens: int | None = None


class Counts(msgspec.Struct):
    """None: this event does not say, and what an earlier one said holds."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None
    service_tier: str | None = None


class Start(msgspec.Struct):
    usage: Counts | None = None


class Carrier(msgspec.Struct):
    """A whole answer, `message_start` (in `message`) or `message_delta`."""

    usage: Counts | None = None
    message: Start | None = None


TIERS = {"standard": "default", "priority": "priority"}
TIER_NAMES = {meaning: name for name, meaning in TIERS.items()}
CARRIER = msgspec.json.Decoder(Carrier)


def read_usage(data: bytes | str, before: ir.Usage | None) -> ir.Usage | None:
    """The counts that an event or an answer carries, over those known before. Raises msgspec.DecodeError."""
    carrier = CARRIER.decode(data)
    counts = carrier.usage or (carrier.message.usage if carrier.message else None)
    return before if counts is None else updated(before or ir.Usage(), counts)


def updated(before: ir.Usage, counts: Counts | None) -> ir.Usage:
    """Counts are running totals: they replace what was known, and are never added up."""
    if counts is None:
        return before
    uncached = before.input_tokens - before.cached_tokens - before.cache_write_tokens
    cached = count(counts.cache_read_input_tokens, before.cached_tokens)
    written = count(counts.cache_creation_input_tokens, before.cache_write_tokens)
    details = counts.output_tokens_details
    thinking = details.thinking_tokens if details else None
    return ir.Usage(
        input_tokens=count(counts.input_tokens, uncached) + cached + written,
        output_tokens=count(counts.output_tokens, before.output_tokens),
        cached_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=before.reasoning_tokens if thinking is None else count(thinking),
        service_tier=TIERS.get(counts.service_tier or "", before.service_tier),
    )


def render_usage(usage: ir.Usage) -> dict[str, JSON]:
    counts: dict[str, JSON] = {
        "input_tokens": max(0, usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens is not None:
        counts["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if usage.service_tier in TIER_NAMES:
        counts["service_tier"] = TIER_NAMES[usage.service_tier]
    return counts
