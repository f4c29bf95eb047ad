"""What a client's messages hold, block by block, to the neutral form."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.protocols.anthropic_messages import content_shapes as shapes
from inference.protocols.anthropic_messages.server_tools import result_text, use_text
from inference.protocols.anthropic_messages.shapes import Message
from inference.protocols.media import IMAGES, PDF, sniff
from inference.protocols.warnings import Warnings


def parse_messages(messages: Iterable[Message], warnings: Warnings) -> tuple[ir.Message, ...]:
    """Raises Untranslatable."""
    return tuple(
        parsed
        for position, message in enumerate(messages)
        for parsed in parse_message(message, f"messages[{position}]", warnings)
    )


def parse_message(message: Message, path: str, warnings: Warnings) -> Iterator[ir.Message]:
    """One message, save where a summary of what was said before stands in it: that is told as the user's words."""
    if isinstance(message.content, str):
        yield ir.Message(message.role, texts(message.content))
        return
    content: list[ir.Block] = []
    for position, block in enumerate(message.content):
        place = f"{path}.content[{position}]"
        if message.role == "system" and not isinstance(block, shapes.TextBlock):
            raise unsupported("A system message holds text only.", f"{place}.type")
        if not isinstance(block, shapes.CompactionBlock):
            content += parse_block(block, place, warnings)
        elif block.content:
            warnings.add(place, "compaction_as_text")
            yield ir.Message(message.role, tuple(content))
            yield ir.Message("user", (ir.Text(block.content, cache=cache_of(block)),))
            content.clear()
    yield ir.Message(message.role, tuple(content))


def parse_block(block: shapes.Block, path: str, warnings: Warnings) -> Iterable[ir.Block]:
    match block:
        case shapes.TextBlock() | shapes.ImageBlock() | shapes.DocumentBlock() | shapes.SearchResultBlock():
            return parse_part(block, path, warnings)
        case shapes.ToolUseBlock():
            return (ir.ToolUse(block.id, block.name, block.input, cache_of(block)),)
        case shapes.ToolResultBlock():
            content = parse_result(block.content, path, warnings)
            cache = cache_of(block)
            return (ir.ToolResult(block.tool_use_id, content, is_error=bool(block.is_error), cache=cache),)
        case shapes.ThinkingBlock():
            return (ir.Thinking(block.thinking, block.signature),)
        case shapes.RedactedThinkingBlock():
            return (ir.RedactedThinking(block.data),)
        case shapes.ServerToolUseBlock():
            warnings.add(path, "server_tool_as_text")
            return (ir.Text(use_text(block)),)
        case shapes.ServerResult():
            warnings.add(path, "server_tool_as_text")
            return (ir.Text(result_text(block)),)
        case shapes.CompactionBlock():
            return ()
        case shapes.Foreign():
            warnings.add(path, "left_out")
            return ()
        case _:
            assert_never(block)


def parse_result(
    content: str | list[shapes.ResultPart] | None, path: str, warnings: Warnings
) -> tuple[ir.ResultPart, ...]:
    if content is None or isinstance(content, str):
        return texts(content)
    return tuple(
        parsed
        for position, part in enumerate(content)
        for parsed in parse_result_part(part, f"{path}.content[{position}]", warnings)
    )


def parse_result_part(part: shapes.ResultPart, path: str, warnings: Warnings) -> Iterable[ir.ResultPart]:
    match part:
        case shapes.ToolReferenceBlock(tool_name=name):
            warnings.add(path, "tool_reference_as_text")
            return (ir.Text(name),)
        case shapes.BrowserStateBlock(tabs=tabs):
            warnings.add(path, "browser_state_as_text")
            return texts("\n".join(f"{tab.title or ''} {tab.url or ''}".strip() for tab in tabs))
        case _:
            return parse_part(part, path, warnings)


# What messages and results share.


def parse_part(part: shapes.Part, path: str, warnings: Warnings) -> Iterable[ir.ResultPart]:
    match part:
        case shapes.TextBlock(text=text):
            return (ir.Text(text, cache_of(part)),) if text else ()
        case shapes.ImageBlock():
            return (parse_image(part, path),)
        case shapes.DocumentBlock():
            warn_of_citations(part.citations, path, warnings)
            return parse_document(part, path)
        case shapes.SearchResultBlock():
            warn_of_citations(part.citations, path, warnings)
            lines = (part.title, f"Source: {part.source}", "", *(block.text for block in part.content))
            return (ir.Text("\n".join(lines), cache_of(part)),)
        case _:
            assert_never(part)


def parse_image(block: shapes.ImageBlock, path: str) -> ir.Image:
    """With the media type that its bytes have: where the two differ, providers refuse it."""
    match block.source:
        case shapes.Base64Source(data=data):
            media_type = sniff(data)
            if media_type not in IMAGES:
                raise unsupported("The image must be a JPEG, PNG, GIF or WebP in base64.", f"{path}.source.data")
            return ir.Image(media_type, data, path=path, cache=cache_of(block))
        case shapes.UrlSource(url=url):
            return ir.Image(url=url, path=path, cache=cache_of(block))
        case shapes.FileSource():
            raise in_a_store(path)
        case _:
            assert_never(block.source)


def parse_document(block: shapes.DocumentBlock, path: str) -> Iterable[ir.Document | ir.Image]:
    """A text with pictures in it is told as the text, then the pictures."""
    match block.source:
        case shapes.Base64Source(data=data, media_type=media_type):
            if media_type not in ("", PDF):
                raise unsupported("The document must be a PDF or a text.", f"{path}.source.media_type")
            return (document(block, path, data=data),)
        case shapes.TextSource(data=text) | shapes.ContentSource(content=str(text)):
            return (document(block, path, text=text),)
        case shapes.ContentSource(content=parts):
            inner = [(part, f"{path}.source.content[{position}]") for position, part in enumerate(parts)]
            images = [parse_image(part, place) for part, place in inner if isinstance(part, shapes.ImageBlock)]
            text = "\n".join(part.text for part, _ in inner if isinstance(part, shapes.TextBlock))
            return (document(block, path, text=text), *images)
        case shapes.UrlSource():
            raise unsupported("A document at an address is not fetched: send it in base64.", f"{path}.source.type")
        case shapes.FileSource():
            raise in_a_store(path)
        case _:
            assert_never(block.source)


def document(block: shapes.DocumentBlock, path: str, *, data: str = "", text: str = "") -> ir.Document:
    title, context = block.title or "", block.context or ""
    return ir.Document(data, text, title=title, context=context, path=path, cache=cache_of(block))


def texts(content: str | Iterable[shapes.TextBlock] | None) -> tuple[ir.Text, ...]:
    """Without those that are empty."""
    if content is None or isinstance(content, str):
        return (ir.Text(content),) if content else ()
    return tuple(ir.Text(block.text, cache_of(block)) for block in content if block.text)


def cache_of(block: shapes.Cacheable) -> str | None:
    if block.cache_control is None:
        return None
    return "1h" if block.cache_control.ttl == "1h" else "5m"


def warn_of_citations(citations: shapes.Citations | None, path: str, warnings: Warnings) -> None:
    if citations is not None and citations.enabled:
        warnings.add(f"{path}.citations", "unsupported")


def in_a_store(path: str) -> Untranslatable:
    return unsupported("A file in the vendor's store cannot be read: send it in base64.", f"{path}.source.type")


def unsupported(message: str, path: str) -> Untranslatable:
    return Untranslatable(message, param=path, kind=Kind.UNSUPPORTED_CONTENT)
