"""What a request says, leaf by leaf and in order, read from its JSON by rules of these tests' own.

A text, an image's data or address, a document's text or data, a tool's name with its arguments, and a result's texts
are leaves. Thinking is none: whose it is decides whether it may travel on.
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from tests.inference.exchanges import NATIVE, OPENAI

# A hash of each request, for Anthropic's bookkeeping: others are not sent it.
BILLING = "x-anthropic-billing-header"


def decoded(protocol: str, body: bytes) -> dict[str, Any]:
    """The request's JSON; of the worker's job the request in it."""
    found: dict[str, Any] = msgspec.msgpack.decode(body)["request"] if protocol == NATIVE else json.loads(body)
    return found


def leaves(protocol: str, request: dict[str, Any]) -> list[str]:
    found = list(openai_leaves(request) if protocol == OPENAI else block_leaves(request))
    return [leaf for leaf in found if leaf.strip() and not leaf.startswith(BILLING)]


def tools(protocol: str, request: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and descriptions."""
    offered = request.get("tools") or ()
    functions = [tool["function"] for tool in offered] if protocol == OPENAI else offered
    return [(function["name"], function.get("description") or "") for function in functions]


def missing(said: list[str], rendered: list[str]) -> list[str]:
    """Those leaves that do not come, in this order, in what was rendered: whole, or as part of a longer one."""
    whole = "\x1f".join(rendered)
    lost: list[str] = []
    place = 0
    for leaf in said:
        found = whole.find(leaf.strip(), place)
        if found < 0:
            lost.append(leaf)
        else:
            place = found + len(leaf.strip())
    return lost


def call(name: str, arguments: Any) -> str:
    return f"{name} {json.dumps(arguments, sort_keys=True, ensure_ascii=False)}"


def arguments_of(text: str) -> Any:
    """What is no object is kept under a name."""
    try:
        found = json.loads(text) if text.strip() else {}
    except ValueError:
        found = text
    return found if isinstance(found, dict) else {"_raw": text}


def parts_of(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A plain string is one text."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def openai_leaves(request: dict[str, Any]) -> Iterator[str]:
    for message in request["messages"]:
        for part in parts_of(message.get("content") or []):
            match part["type"]:
                case "image_url":
                    yield part["image_url"]["url"].rpartition("base64,")[2]
                case "file":
                    yield part["file"]["file_data"].rpartition("base64,")[2]
                case kind:
                    yield part[kind]
        yield message.get("refusal") or ""
        for made in message.get("tool_calls") or ():
            yield call(made["function"]["name"], arguments_of(made["function"]["arguments"]))


def block_leaves(request: dict[str, Any]) -> Iterator[str]:
    """Of Anthropic's shape, which the neutral form shares."""
    yield from content_leaves(request.get("system") or [])
    for message in request["messages"]:
        yield from content_leaves(message["content"])


def content_leaves(content: Any) -> Iterator[str]:
    for block in parts_of(content):
        match block["type"]:
            case "text":
                yield block["text"]
            case "image" | "document":
                yield source_leaf(block.get("source") or block)
            case "tool_use":
                yield call(block["name"], block["input"])
            case "tool_result":
                yield from content_leaves(block.get("content") or [])
            case "thinking" | "redacted_thinking":
                pass
            case unexpected:
                raise AssertionError(unexpected)


def source_leaf(source: dict[str, Any]) -> str:
    return str(source.get("data") or source.get("url") or source.get("text") or "")
