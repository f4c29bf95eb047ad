"""The parts of a client's messages to the neutral form: texts, images, files."""

import base64
import binascii
from collections.abc import Iterable
from typing import assert_never

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.protocols.media import IMAGES, PDF, sniff
from inference.protocols.openai_chat import message_shapes as shapes
from inference.protocols.warnings import Warnings


def texts(content: str | Iterable[shapes.TextPart | shapes.RefusalPart] | None) -> tuple[ir.Text, ...]:
    """Without parts that are empty, which Anthropic refuses."""
    if content is None or isinstance(content, str):
        return (ir.Text(content),) if content and not content.isspace() else ()
    parsed = (
        ir.Text(part.text if isinstance(part, shapes.TextPart) else part.refusal, cache=cache_of(part))
        for part in content
    )
    return tuple(text for text in parsed if text.text.strip())


def parse_content(content: str | list[shapes.Part] | None, path: str, warnings: Warnings) -> tuple[ir.ResultPart, ...]:
    """Raises Untranslatable naming the part."""
    if content is None or isinstance(content, str):
        return texts(content)
    parsed = (parse_part(part, f"{path}.content[{place}]", warnings) for place, part in enumerate(content))
    return tuple(part for part in parsed if not isinstance(part, ir.Text) or part.text.strip())


def parse_part(part: shapes.Part, path: str, warnings: Warnings) -> ir.ResultPart:
    match part:
        case shapes.TextPart(text=text):
            return ir.Text(text, cache=cache_of(part))
        case shapes.ImagePart():
            return parse_image(part, f"{path}.image_url", warnings)
        case shapes.FilePart():
            return parse_file(part, f"{path}.file")
        case _:
            assert_never(part)


def cache_of(item: shapes.Cacheable) -> str | None:
    """How long to keep what goes before, in the two lengths that Anthropic has."""
    hint = item.cache_control or item.prompt_cache_breakpoint
    if hint is None:
        return None
    return "1h" if hint.ttl in ("1h", "12h") else "5m"


# Images.


def parse_image(part: shapes.ImagePart, path: str, warnings: Warnings) -> ir.Image:
    image = part.image_url
    if isinstance(image, str):
        image = shapes.ImageURL(image)
    if image.detail == "original":
        warnings.add(f"{path}.detail", "unsupported")
    scheme = image.url.partition(":")[0].lower()
    if scheme == "https":
        return ir.Image(url=image.url, path=path, cache=cache_of(part))
    if scheme != "data":
        raise unsupported("An image is given as a data URI, or by its https address.", path)
    _, data = parse_data_uri(image.url, path)
    media_type = sniff(data)
    if media_type not in IMAGES:
        raise unsupported("The image must be a JPEG, PNG, GIF or WebP.", path)
    return ir.Image(media_type, data, path=path, cache=cache_of(part))


def parse_data_uri(uri: str, path: str) -> tuple[str, str]:
    """Its media type without parameters, and its base64 data without white space."""
    head, _, data = uri.partition(",")
    media_type, *parameters = (word.strip().lower() for word in head[len("data:") :].split(";"))
    if "base64" not in parameters:
        raise unsupported("A data URI must hold base64.", path)
    return media_type, "".join(data.split())


# Files.


def parse_file(part: shapes.FilePart, path: str) -> ir.Document:
    given = part.file.file_data
    if given is None:
        raise unsupported("A file in the vendor's store cannot be read: send its content.", f"{path}.file_id")
    media_type, data = file_content(given, path)
    title, cache = part.file.filename or "", cache_of(part)
    if sniff(data) == PDF:
        return ir.Document(data=data, title=title, path=path, cache=cache)
    if media_type.startswith("text/"):
        return ir.Document(text=decoded(data, path), title=title, path=path, cache=cache)
    raise unsupported("A file must be a PDF or a text.", path)


def file_content(given: str, path: str) -> tuple[str, str]:
    """Many clients send the plain base64."""
    if given[:5].lower() == "data:":
        return parse_data_uri(given, path)
    return "", "".join(given.split())


def decoded(data: str, path: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        raise unsupported("The text is not UTF-8 in base64.", path) from None


def unsupported(message: str, path: str) -> Untranslatable:
    return Untranslatable(message, param=path, kind=Kind.UNSUPPORTED_CONTENT)
