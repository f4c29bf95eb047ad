"""About how many tokens a Messages request holds, with a margin, where nobody can count them.

Works on the body as it was decoded, so that content which could not be translated is counted too.
"""

import base64
import binascii
import math
import re

import msgspec

from inference.ir import JSON
from inference.picture_size import picture_size

BYTES_PER_TOKEN = 3.3
PER_MESSAGE = 4
PER_TOOL = 12
MARGIN = 1.1

PIXELS_PER_TOKEN = 750
LARGEST_PICTURE = 1600
UNKNOWN_PICTURE = 1500
# In base64. The second is for a JPEG that has a preview in front of its size.
PICTURE_HEADS = (4_000, 400_000)
PER_PAGE = 1500
BYTES_PER_PAGE = 3000
MOST_PAGES = 600  # No provider takes more.
PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")

# Fields of a block that the model does not read.
UNREAD = frozenset({"type", "role", "id", "tool_use_id", "cache_control", "signature", "media_type"})

encode = msgspec.json.encode


def estimate(request: JSON) -> int:
    """The input tokens of a decoded body, whatever is wrong with it."""
    messages, tools = items(request, "messages"), items(request, "tools")
    system = request.get("system") if isinstance(request, dict) else None
    tokens = content(system) + sum(map(content, messages)) + sum(map(written, tools))
    return math.ceil(MARGIN * (tokens + PER_MESSAGE * len(messages) + PER_TOOL * len(tools)))


def items(request: JSON, name: str) -> list[JSON]:
    found = request.get(name) if isinstance(request, dict) else None
    return found if isinstance(found, list) else []


def content(value: JSON) -> float:
    """A text, a block or a message, or a list of them."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return sum(map(content, value))
    return block(value) if isinstance(value, dict) else 0.0


def block(value: dict[str, JSON]) -> float:
    source = value.get("source")
    match value.get("type"):
        case "image":
            return picture(source)
        case "document" if isinstance(source, dict) and source.get("type") not in ("text", "content"):
            return document(source) + content({name: value[name] for name in value if name != "source"})
    # What a tool is called with is JSON to the model too, with the names of its fields.
    return sum(
        written(part) if name == "input" else content(part) for name, part in value.items() if name not in UNREAD
    )


def text(value: str) -> float:
    return (len(value) if value.isascii() else len(value.encode())) / BYTES_PER_TOKEN


def written(value: JSON) -> float:
    return len(encode(value)) / BYTES_PER_TOKEN


def picture(source: JSON) -> float:
    data = data_of(source)
    for length in PICTURE_HEADS:
        size = picture_size(decoded(data[:length]))
        if size is not None:
            return min(LARGEST_PICTURE, math.ceil(size[0] * size[1] / PIXELS_PER_TOKEN))
    return UNKNOWN_PICTURE


def document(source: JSON) -> float:
    data = decoded(data_of(source))
    pages = len(PAGE.findall(data)) or math.ceil(len(data) / BYTES_PER_PAGE) or 1
    return PER_PAGE * min(MOST_PAGES, pages)


def data_of(source: JSON) -> str:
    data = source.get("data") if isinstance(source, dict) else None
    return data if isinstance(data, str) else ""


def decoded(data: str) -> bytes:
    """Empty where it is not base64."""
    try:
        return base64.b64decode(data[: len(data) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""
