"""Texts, images and documents of the neutral form as the parts of a chat completions message."""

from collections.abc import Iterable

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.ir import JSON
from inference.protocols.documents import document_text, is_pdf
from routing.profile import Profile

UNNAMED = "document.pdf"
LIFETIMES = {"5m": "30m", "1h": "12h"}


def render_content(blocks: Iterable[ir.ResultPart], profile: Profile) -> JSON:
    """One text as a plain string, several as parts. Raises Untranslatable at what the model cannot see."""
    parts = [render_part(block, profile) for block in blocks]
    if profile.string_content_only:
        return "\n\n".join(part["text"] for part in parts)
    if len(parts) == 1 and parts[0].keys() == {"type", "text"}:
        return parts[0]["text"]
    return parts


def render_part(block: ir.ResultPart, profile: Profile) -> dict[str, JSON]:
    match block:
        case ir.Text(text=text):
            part = text_part(text)
        case ir.Image():
            part = image_part(block, profile)
        case ir.Document():
            part = file_part(block, profile) if is_pdf(block) else text_part(document_text(block))
    return part | breakpoint_of(block.cache, profile)


def breakpoint_of(cache: str | None, profile: Profile) -> dict[str, JSON]:
    """Asks to keep what goes before. Whoever does not know the field refuses it."""
    if cache is None or not profile.prompt_cache_breakpoints:
        return {}
    return {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": LIFETIMES[cache]}}


def text_part(text: str) -> dict[str, JSON]:
    return {"type": "text", "text": text}


def image_part(image: ir.Image, profile: Profile) -> dict[str, JSON]:
    if not profile.images or profile.string_content_only:
        raise unseen("The backend that answers this model takes no images.", image.path)
    if image.url and not profile.image_urls:
        raise unseen("The backend that answers this model takes an image in base64 only.", image.path)
    url = image.url or f"data:{image.media_type};base64,{image.data}"
    return {"type": "image_url", "image_url": {"url": url}}


def file_part(document: ir.Document, profile: Profile) -> dict[str, JSON]:
    if not profile.pdf or profile.string_content_only:
        raise unseen("The backend that answers this model takes no PDF.", document.path)
    data = f"data:application/pdf;base64,{document.data}"
    return {"type": "file", "file": {"filename": document.title or UNNAMED, "file_data": data}}


def unseen(message: str, path: str) -> Untranslatable:
    return Untranslatable(message, param=path, kind=Kind.UNSUPPORTED_CONTENT)
