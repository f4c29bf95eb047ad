"""What of a request a local model can take in, and its worker needs: text, tools and how to draw the answer."""

from collections.abc import Iterable, Iterator
from typing import assert_never

import msgspec

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.protocols.documents import document_text, is_pdf

# The tier of requests that nobody waits for, in OpenAI's words.
BATCH_TIER = "flex"


def reduced(request: ir.Request, model: str) -> ir.Request:
    """Raises Untranslatable."""
    return ir.Request(
        model=model,
        messages=tuple(ir.Message(message.role, tuple(plain_blocks(message.content))) for message in request.messages),
        system=tuple(ir.Text(text.text) for text in request.system),
        tools=tuple(msgspec.structs.replace(tool, cache=None) for tool in request.tools),
        tool_choice=request.tool_choice,
        sampling=request.sampling,
        stop=request.stop,
        max_tokens=request.max_tokens,
        output=request.output,
        service_tier=BATCH_TIER if request.service_tier == BATCH_TIER else None,
        logprobs=request.logprobs,
    )


def plain_blocks(blocks: Iterable[ir.Block]) -> Iterator[ir.Block]:
    """Without what is meant for a provider: cache hints, signatures, thinking that only it can read."""
    for block in blocks:
        match block:
            case ir.Text() | ir.Image() | ir.Document():
                yield plain_part(block)
            case ir.Thinking(text=text):
                if text:
                    yield ir.Thinking(text)
            case ir.RedactedThinking():
                pass
            case ir.ToolUse():
                yield ir.ToolUse(block.id, block.name, block.input)
            case ir.ToolResult():
                content = tuple(plain_part(part) for part in block.content)
                yield ir.ToolResult(block.tool_use_id, content, is_error=block.is_error)
            case _:
                assert_never(block)


def plain_part(part: ir.ResultPart) -> ir.Text:
    match part:
        case ir.Text(text=text):
            return ir.Text(text)
        case ir.Document():
            if is_pdf(part):
                raise unseen("read PDFs", part.path)
            return ir.Text(f"{document_text(part)}\n")
        case ir.Image():
            raise unseen("see images", part.path)


def unseen(what: str, path: str) -> Untranslatable:
    message = f"The local model that answers this cannot {what}."
    return Untranslatable(message, param=path or "messages", kind=Kind.UNSUPPORTED_CONTENT)
