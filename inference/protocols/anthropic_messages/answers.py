"""The shapes of a messages answer, whole and in events, as upstreams send it; and what its end means."""

import msgspec

from inference import ir
from inference.ir import JSON
from inference.protocols.anthropic_messages.usage import Counts

STOP_REASONS: dict[ir.StopReason, str] = {
    "end_turn": "end_turn",
    "stop_sequence": "stop_sequence",
    "max_tokens": "max_tokens",
    "context_window": "model_context_window_exceeded",
    "tool_use": "tool_use",
    "refusal": "refusal",
}
MEANINGS: dict[str, ir.StopReason] = {name: meaning for meaning, name in STOP_REASONS.items()}


class Block(msgspec.Struct):
    """A content block of any type; most types use one field."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: dict[str, JSON] | None = None


class Message(msgspec.Struct):
    id: str = ""
    type: str = ""
    content: list[Block] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: Counts | None = None
    error: JSON = None


class Delta(msgspec.Struct):
    """Of a block, or of the message."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None


class Event(msgspec.Struct):
    type: str = ""
    index: int = 0
    message: Message | None = None
    content_block: Block | None = None
    delta: Delta | None = None
    usage: Counts | None = None
    error: JSON = None


def stop_reason_of(name: str | None, *, has_calls: bool) -> ir.StopReason:
    return MEANINGS.get(name or "", "tool_use" if has_calls else "end_turn")


def stop_details_of(stop_reason: ir.StopReason) -> JSON:
    return {"type": "refusal", "category": None, "explanation": None} if stop_reason == "refusal" else None
