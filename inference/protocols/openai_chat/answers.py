"""The shapes of a chat completions answer, whole and in chunks, as upstreams send it; and what its end means."""

import msgspec
import structlog

from inference import ir
from inference.errors import BackendError, Kind
from inference.ir import JSON
from inference.protocols.openai_chat.usage import Counts
from inference.protocols.refusals import parse_stream_error

log = structlog.get_logger("mlxmanager.answers")

LONGEST_NAME = 40
FINISH_REASONS: dict[ir.StopReason, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "context_window": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
REFUSAL = "The model declined to answer this request."
KNOWN = ("stop", "tool_calls", "function_call")


class FunctionPiece(msgspec.Struct, gc=False):
    """`arguments` is an object at some servers."""

    name: str | None = None
    arguments: str | dict[str, JSON] | None = None


class CallPiece(msgspec.Struct, gc=False):
    """A whole call, or a piece of one: `index` tells of which."""

    index: int | None = None
    id: str | None = None
    function: FunctionPiece | None = None


class Part(msgspec.Struct, gc=False):
    """Of a content in parts, as Mistral's reasoning models send it; what one thinks is in parts again."""

    type: str | None = None
    text: str | None = None
    thinking: "str | list[Part] | None" = None


class Piece(msgspec.Struct, gc=False):
    """A whole message, or the new part of one."""

    content: str | list[Part] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: JSON = None
    tool_calls: list[CallPiece] | None = None

    def said(self) -> list[ir.Thinking | ir.Text]:
        """Thinking, from one of four places, for servers tell the same in several; and content."""
        thinking = self._thinking()
        said: list[ir.Thinking | ir.Text] = [ir.Thinking(thinking)] if thinking else []
        if isinstance(self.content, list):
            return said + [block for part in self.content if (block := block_of(part, thinks=not thinking))]
        return [*said, ir.Text(self.content)] if self.content else said

    def _thinking(self) -> str:
        return self.reasoning_content or self.reasoning or (self.reasoning_details and self._details()) or ""

    def _details(self) -> str:
        details = self.reasoning_details if isinstance(self.reasoning_details, list) else []
        texts = (detail.get("text") for detail in details if isinstance(detail, dict))
        return "".join(text for text in texts if isinstance(text, str))


def block_of(part: Part, *, thinks: bool) -> ir.Thinking | ir.Text | None:
    match part.type:
        case "text":
            return ir.Text(part.text) if part.text else None
        case "thinking":
            text = told(part.thinking)
            return ir.Thinking(text) if text and thinks else None
        case "reference":
            return None
        case _:
            log.info("part of an answer is not known", type=(part.type or "")[:LONGEST_NAME])
            return None


def told(thinking: str | list[Part] | None) -> str:
    if isinstance(thinking, list):
        return "".join(part.text or "" for part in thinking)
    return thinking or ""


class Choice(msgspec.Struct, gc=False):
    delta: Piece | None = None
    message: Piece | None = None
    finish_reason: str | None = None
    index: int | None = None
    error: JSON = None


class Answer(msgspec.Struct, gc=False):
    """`error` stands in for an answer at some servers, whatever the status says."""

    id: str | None = None
    choices: list[Choice] | None = None
    usage: Counts | None = None
    service_tier: str | None = None
    error: JSON = None


def check(choice: Choice) -> None:
    """Raises BackendError for an answer that ended with an error."""
    if choice.error is not None:
        raise parse_stream_error(choice.error)
    if choice.finish_reason == "error":
        raise BackendError(Kind.UPSTREAM_ERROR, "The upstream ended its answer with an error.")


def finish_reason_of(stop_reason: ir.StopReason, *, legacy: bool) -> str:
    return "function_call" if legacy and stop_reason == "tool_use" else FINISH_REASONS[stop_reason]


def stop_reason_of(finish_reason: str | None, *, has_calls: bool, refused: bool) -> ir.StopReason:
    """Many servers say `stop` behind tool calls, and some say `tool_calls` behind none."""
    match finish_reason:
        case "length":
            return "max_tokens"
        case "content_filter":
            return "refusal"
        case _:
            if finish_reason not in KNOWN:
                log.info("finish reason is not known", finish_reason=(finish_reason or "")[:LONGEST_NAME])
            if has_calls:
                return "tool_use"
            return "refusal" if refused else "end_turn"
