"""Tools that Anthropic runs itself: nobody else can, but what they found in earlier turns may still be told."""

import re
from collections.abc import Iterator

import msgspec

from inference.ir import JSON
from inference.protocols.anthropic_messages.content_shapes import ServerResult, ServerToolUseBlock

SERVER_TOOL = re.compile(r"(?:web_search|web_fetch|code_execution|tool_search_tool_\w+|advisor)(?:_\d{8})?")
# In characters. A search finds pages whole, of which a later turn needs the gist.
LONGEST_RESULT = 4000
# What can be read in a result, whichever tool it is of.
READABLE = ("title", "url", "text", "data", "content", "stdout", "stderr", "tool_name", "error_code")


# Each text ends with its line: what the model wrote next is joined to it.


def use_text(block: ServerToolUseBlock) -> str:
    return f"[{block.name}] {msgspec.json.encode(block.input).decode()}\n"


def result_text(block: ServerResult) -> str:
    found = "\n".join(readable(block.content))
    return f"[result]\n{found[:LONGEST_RESULT]}\n" if found else "[result] (none)\n"


def readable(value: JSON) -> Iterator[str]:
    match value:
        case list():
            for item in value:
                yield from readable(item)
        case {"type": "base64"}:
            pass
        case dict():
            yield from (text for name in READABLE if isinstance(text := value.get(name), str) and text)
            for item in value.values():
                yield from readable(item)
        case _:
            pass
