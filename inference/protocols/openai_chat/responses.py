"""A whole chat completion: the upstream's to the neutral form, and the neutral form to the client's."""

import msgspec

from inference import ir
from inference.errors import BackendError, Kind
from inference.ir import JSON
from inference.protocols import arguments
from inference.protocols.codec import Answering
from inference.protocols.names import derived_id
from inference.protocols.openai_chat.answers import FINISH_REASONS, REFUSAL, Answer, Piece, stop_reason_of
from inference.protocols.openai_chat.usage import parse_usage, render_usage
from inference.protocols.refusals import parse_stream_error

ANSWER = msgspec.json.Decoder(Answer)


def parse_completion(body: bytes) -> ir.Completion:
    """Raises BackendError for what is not an answer, or an error that came with a good status."""
    try:
        answer = ANSWER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream sent no chat completion.") from None
    if answer.error is not None:
        raise parse_stream_error(answer.error)
    message = answer.choices[0].message if answer.choices else None
    if answer.choices is None or message is None:
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream sent a chat completion without a message.")
    finish_reason = answer.choices[0].finish_reason
    content = parse_content(message, cut=finish_reason == "length")
    has_calls = any(isinstance(block, ir.ToolUse) for block in content)
    return ir.Completion(
        id=answer.id or "",
        content=tuple(content),
        stop_reason=stop_reason_of(finish_reason, has_calls=has_calls, refused=bool(message.refusal)),
        usage=parse_usage(answer.usage),
    )


def parse_content(message: Piece, *, cut: bool) -> list[ir.Block]:
    """`cut`: the answer was too long, so that a call whose arguments are no object is only half of one."""
    content: list[ir.Block] = []
    if message.thinking:
        content.append(ir.Thinking(message.thinking))
    content += [ir.Text(text) for text in (message.content, message.refusal) if text]
    for position, call in enumerate(message.tool_calls or ()):
        if call.function is None or not call.function.name:
            continue
        given = call.function.arguments
        if cut and isinstance(given, str) and not arguments.is_complete(given):
            continue
        parsed = given if isinstance(given, dict) else arguments.parse(given or "")
        identifier = call.id or derived_id("call_", position, call.function.name, str(given))
        content.append(ir.ToolUse(identifier, call.function.name, parsed))
    return content


def completion_id(upstream_id: str, answering: Answering) -> str:
    """The upstream's where it gave one, else one made from our own request's."""
    known = upstream_id.removeprefix("msg_").removeprefix("chatcmpl-")
    return f"chatcmpl-{known}" if known else derived_id("chatcmpl-", answering.request_id)


def render_completion(completion: ir.Completion, answering: Answering) -> bytes:
    choice = {
        "index": 0,
        "message": render_message(completion),
        "logprobs": None,
        "finish_reason": FINISH_REASONS[completion.stop_reason],
    }
    return msgspec.json.encode(
        {
            "id": completion_id(completion.id, answering),
            "object": "chat.completion",
            "created": answering.created,
            "model": answering.model,
            "choices": [choice],
            "usage": render_usage(completion.usage),
        }
    )


def render_message(completion: ir.Completion) -> dict[str, JSON]:
    text = "".join(block.text for block in completion.content if isinstance(block, ir.Text))
    thinking = "".join(block.text for block in completion.content if isinstance(block, ir.Thinking))
    calls = [render_call(block) for block in completion.content if isinstance(block, ir.ToolUse)]
    native = [rendered for block in completion.content if (rendered := render_native_thinking(block)) is not None]
    message: dict[str, JSON] = {
        "role": "assistant",
        "content": text or (None if calls else ""),
        "refusal": REFUSAL if completion.stop_reason == "refusal" else None,
    }
    if thinking:
        message["reasoning_content"] = thinking
    if native:
        message["thinking_blocks"] = native
    if calls:
        message["tool_calls"] = calls
    return message


def render_call(call: ir.ToolUse) -> dict[str, JSON]:
    function = {"name": call.name, "arguments": arguments.render(call.input)}
    return {"id": call.id, "type": "function", "function": function}


def render_native_thinking(block: ir.Block) -> dict[str, JSON] | None:
    """A provider's thinking as the provider wants it back; None for what nobody signed."""
    match block:
        case ir.Thinking(text=text, signature=signature) if signature:
            return {"type": "thinking", "thinking": text, "signature": signature}
        case ir.RedactedThinking(data=data):
            return {"type": "redacted_thinking", "data": data}
        case _:
            return None
