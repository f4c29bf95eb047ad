"""The shapes of a messages answer, whole and in events, as upstreams send it; and what its end means."""

from collections.abc import Iterable

import msgspec
import structlog

from inference import ir
from inference.ir import JSON
from inference.protocols.anthropic_messages.usage import Counts

LONGEST_NAME = 40
log = structlog.get_logger("mlxmanager.answers")

STOP_REASONS: dict[ir.StopReason, str] = {
    "end_turn": "end_turn",
    "stop_sequence": "stop_sequence",
    "max_tokens": "max_tokens",
    "context_window": "model_context_window_exceeded",
    "tool_use": "tool_use",
    "refusal": "refusal",
}
MEANINGS: dict[str, ir.StopReason] = {name: meaning for meaning, name in STOP_REASONS.items()}


WEB_PAGE = "web_search_result_location"


class Citation(msgspec.Struct):
    """Of any type. Those that point into what the client sent have no counterpart elsewhere."""

    type: str = ""
    url: str | None = None
    title: str | None = None


class StopDetails(msgspec.Struct):
    explanation: str | None = None


class Block(msgspec.Struct, gc=False):
    """A content block of any type; most types use one field."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: dict[str, JSON] | None = None
    citations: list[Citation] | None = None


class Message(msgspec.Struct, gc=False):
    id: str = ""
    type: str = ""
    content: list[Block] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None
    usage: Counts | None = None
    error: JSON = None


class Delta(msgspec.Struct, gc=False):
    """Of a block, or of the message."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    citation: Citation | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None


class Event(msgspec.Struct, gc=False):
    type: str = ""
    index: int = 0
    message: Message | None = None
    content_block: Block | None = None
    delta: Delta | None = None
    usage: Counts | None = None
    error: JSON = None


def stop_reason_of(name: str | None, *, has_calls: bool) -> ir.StopReason:
    """One that is unknown, or of something we never ask for such as `pause_turn`, is an end like any other.

    Some servers say `end_turn` behind calls, and then no agent would run them.
    """
    known = MEANINGS.get(name or "")
    if known is None:
        log.info("stop reason is not known, so it counts as an end", stop_reason=(name or "")[:LONGEST_NAME])
    if known in ("tool_use", "end_turn", None):
        return "tool_use" if has_calls else "end_turn"
    return known


def stop_details_of(stop_reason: ir.StopReason, explanation: str | None) -> JSON:
    return {"type": "refusal", "category": None, "explanation": explanation} if stop_reason == "refusal" else None


def web_pages(citations: Iterable[Citation]) -> tuple[ir.Citation, ...]:
    return tuple(
        ir.Citation(citation.url, citation.title or "")
        for citation in citations
        if citation.type == WEB_PAGE and citation.url
    )
