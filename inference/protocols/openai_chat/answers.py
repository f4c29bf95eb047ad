"""The shapes of a chat completions answer, whole and in chunks, as upstreams send it; and what its end means."""

import msgspec

from inference import ir
from inference.ir import JSON
from inference.protocols.openai_chat.usage import Counts

FINISH_REASONS: dict[ir.StopReason, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "context_window": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
REFUSAL = "The model declined to answer this request."


class FunctionPiece(msgspec.Struct):
    """`arguments` is an object at some servers."""

    name: str | None = None
    arguments: str | dict[str, JSON] | None = None


class CallPiece(msgspec.Struct):
    """A whole call, or a piece of one: `index` tells of which."""

    index: int | None = None
    id: str | None = None
    function: FunctionPiece | None = None


class Piece(msgspec.Struct):
    """A whole message, or the new part of one."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[CallPiece] | None = None

    @property
    def thinking(self) -> str:
        return self.reasoning_content or self.reasoning or ""


class Choice(msgspec.Struct):
    delta: Piece | None = None
    message: Piece | None = None
    finish_reason: str | None = None
    index: int | None = None


class Answer(msgspec.Struct):
    """`error` stands in for an answer at some servers, whatever the status says."""

    id: str | None = None
    choices: list[Choice] | None = None
    usage: Counts | None = None
    error: JSON = None


def stop_reason_of(finish_reason: str | None, *, has_calls: bool, refused: bool) -> ir.StopReason:
    """Many servers say `stop` behind tool calls, and some say `tool_calls` behind none."""
    match finish_reason:
        case "length":
            return "max_tokens"
        case "content_filter":
            return "refusal"
        case _ if has_calls:
            return "tool_use"
        case _:
            return "refusal" if refused else "end_turn"
