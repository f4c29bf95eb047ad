"""A whole message: the upstream's to the neutral form, and the neutral form to the client's."""

from collections.abc import Iterable

import msgspec

from inference import ir
from inference.errors import BackendError, Kind
from inference.ir import JSON
from inference.protocols.anthropic_messages.answers import (
    STOP_REASONS,
    Block,
    Message,
    stop_details_of,
    stop_reason_of,
    web_pages,
)
from inference.protocols.anthropic_messages.own_thinking import OWN_SIGNATURE
from inference.protocols.anthropic_messages.usage import render_usage, updated
from inference.protocols.codec import Answering
from inference.protocols.names import derived_id
from inference.protocols.refusals import parse_stream_error

MESSAGE = msgspec.json.Decoder(Message)


def parse_completion(body: bytes) -> ir.Completion:
    """Raises BackendError for what is not an answer, or an error that came with a good status."""
    try:
        message = MESSAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream sent no message.") from None
    if message.error is not None:
        raise parse_stream_error(message.error)
    if message.content is None:
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream sent a message without content.")
    content = tuple(parse_content(message.content))
    has_calls = any(isinstance(block, ir.ToolUse) for block in content)
    return ir.Completion(
        id=message.id,
        content=content,
        stop_reason=stop_reason_of(message.stop_reason, has_calls=has_calls),
        stop_sequence=message.stop_sequence,
        usage=updated(ir.Usage(), message.usage),
        explanation=message.stop_details.explanation if message.stop_details else None,
    )


def parse_content(blocks: Iterable[Block]) -> Iterable[ir.Block]:
    """What the vendor's own tools did is left out: a client would try to run it."""
    for block in blocks:
        match block.type:
            case "text" if block.text:
                yield ir.Text(block.text, citations=web_pages(block.citations or ()))
            case "thinking":
                yield ir.Thinking(block.thinking or "", block.signature or "")
            case "redacted_thinking":
                yield ir.RedactedThinking(block.data or "")
            case "tool_use":
                yield ir.ToolUse(block.id or "", block.name or "", block.input or {})


def render_completion(completion: ir.Completion, answering: Answering) -> bytes:
    blocks = [render_block(block) for block in completion.content if is_shown(block, answering)]
    return msgspec.json.encode(
        {
            "id": message_id(answering),
            "type": "message",
            "role": "assistant",
            "model": answering.model,
            "content": blocks,
            "stop_reason": STOP_REASONS[completion.stop_reason],
            "stop_sequence": completion.stop_sequence,
            "stop_details": stop_details_of(completion.stop_reason, completion.explanation),
            "usage": render_usage(completion.usage),
        }
    )


def message_id(answering: Answering) -> str:
    return derived_id("msg_", answering.request_id)


def is_shown(block: ir.Block, answering: Answering) -> bool:
    match block:
        case ir.Text(text=text):
            return bool(text)
        case ir.Thinking() | ir.RedactedThinking():
            return answering.shows_reasoning
        case _:
            return True


def render_block(block: ir.Block) -> JSON:
    match block:
        case ir.Text(text=text):
            return {"type": "text", "text": text}
        case ir.Thinking(text=text, signature=signature):
            return {"type": "thinking", "thinking": text, "signature": signature or OWN_SIGNATURE}
        case ir.RedactedThinking(data=data):
            return {"type": "redacted_thinking", "data": data}
        case ir.ToolUse():
            return {"type": "tool_use", "id": block.id, "name": block.name, "input": block.input}
        case ir.ToolResult() | ir.Image() | ir.Document():
            raise AssertionError("A model writes no such block")
