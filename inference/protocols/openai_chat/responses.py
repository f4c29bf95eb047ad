"""A whole chat completion: the upstream's to the neutral form, and the neutral form to the client's."""

from collections.abc import Iterable, Sequence

import msgspec

from inference import ir
from inference.errors import BackendError, Kind
from inference.ir import JSON
from inference.protocols import arguments
from inference.protocols.codec import Answering
from inference.protocols.names import derived_id
from inference.protocols.openai_chat.answers import REFUSAL, Answer, Piece, check, finish_reason_of, stop_reason_of
from inference.protocols.openai_chat.calls import render_calls
from inference.protocols.openai_chat.logprobs import render_tokens
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
    check(answer.choices[0])
    finish_reason = answer.choices[0].finish_reason
    content = parse_content(message, cut=finish_reason == "length")
    has_calls = any(isinstance(block, ir.ToolUse) for block in content)
    return ir.Completion(
        id=answer.id or "",
        content=tuple(content),
        stop_reason=stop_reason_of(finish_reason, has_calls=has_calls, refused=bool(message.refusal)),
        usage=parse_usage(answer.usage, answer.service_tier),
        explanation=message.refusal or None,
    )


def parse_content(message: Piece, *, cut: bool) -> list[ir.Block]:
    """`cut`: the answer was too long, so that a call whose arguments are no object is only half of one."""
    content: list[ir.Block] = [*message.said()]
    if message.refusal:
        content.append(ir.Text(message.refusal))
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
    return render_completions([completion], completion.usage, answering)


def render_completions(completions: Sequence[ir.Completion], usage: ir.Usage, answering: Answering) -> bytes:
    """Several answers to one request; `usage` is that of all."""
    answer: dict[str, JSON] = {
        "id": completion_id(completions[0].id, answering),
        "object": "chat.completion",
        "created": answering.created,
        "model": answering.model,
        "choices": [render_choice(index, completion, answering) for index, completion in enumerate(completions)],
        "usage": render_usage(usage),
    }
    if usage.service_tier:
        answer["service_tier"] = usage.service_tier
    return msgspec.json.encode(answer)


def render_choice(index: int, completion: ir.Completion, answering: Answering) -> dict[str, JSON]:
    return {
        "index": index,
        "message": render_message(completion, answering),
        "logprobs": render_tokens(completion.tokens) if answering.logprobs else None,
        "finish_reason": finish_reason_of(completion.stop_reason, legacy=answering.legacy_functions),
    }


def render_message(completion: ir.Completion, answering: Answering) -> dict[str, JSON]:
    texts = [block for block in completion.content if isinstance(block, ir.Text)]
    text = "".join(block.text for block in texts)
    thinking = "".join(block.text for block in completion.content if isinstance(block, ir.Thinking))
    calls = [block for block in completion.content if isinstance(block, ir.ToolUse)]
    native = [rendered for block in completion.content if (rendered := render_native_thinking(block)) is not None]
    message: dict[str, JSON] = {
        "role": "assistant",
        "content": text or (None if calls else ""),
        "refusal": (completion.explanation or REFUSAL) if completion.stop_reason == "refusal" else None,
    }
    if thinking:
        message["reasoning_content"] = thinking
    if native:
        message["thinking_blocks"] = native
    if annotations := [render_annotation(cited) for cited in cited_in(texts)]:
        message["annotations"] = annotations
    return message | render_calls(calls, answering)


def cited_in(texts: Iterable[ir.Text]) -> Iterable[ir.Cited]:
    said = 0
    for block in texts:
        for citation in block.citations:
            yield ir.Cited(citation, said, said + len(block.text))
        said += len(block.text)


def render_annotation(cited: ir.Cited) -> dict[str, JSON]:
    page = {"url": cited.citation.url, "title": cited.citation.title}
    return {"type": "url_citation", "url_citation": {"start_index": cited.start, "end_index": cited.end} | page}


def render_native_thinking(block: ir.Block) -> dict[str, JSON] | None:
    """A provider's thinking as the provider wants it back; None for what nobody signed."""
    match block:
        case ir.Thinking(text=text, signature=signature) if signature:
            return {"type": "thinking", "thinking": text, "signature": signature}
        case ir.RedactedThinking(data=data):
            return {"type": "redacted_thinking", "data": data}
        case _:
            return None
