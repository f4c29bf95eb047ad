"""A client's messages to the neutral form."""

from collections.abc import Iterable, Mapping
from typing import assert_never

import msgspec

from inference import ir
from inference.errors import GatewayError, Kind
from inference.ir import JSON
from inference.protocols import arguments
from inference.protocols.openai_chat import message_shapes as shapes
from inference.protocols.openai_chat.content_parsing import cache_of, parse_content, texts, unsupported
from inference.protocols.warnings import Warnings

# The reasoning that Anthropic signed has a format of this name, with a version.
NATIVE_FORMAT = "anthropic"


def parse_messages(
    messages: list[shapes.Message], warnings: Warnings
) -> tuple[tuple[ir.Text, ...], tuple[ir.Message, ...]]:
    """The leading system texts, and everything after them."""
    system: list[ir.Text] = []
    parsed: list[ir.Message] = []
    # The last call of each function: what answers it may know it by its name alone.
    called: dict[str, str] = {}
    for position, message in enumerate(messages):
        if not parsed and isinstance(message, shapes.SystemMessage | shapes.DeveloperMessage):
            system += hinted(texts(message.content), message)
            continue
        parsed.append(parse_message(message, position, called=called, warnings=warnings))
        if isinstance(message, shapes.AssistantMessage):
            called |= {block.name: block.id for block in parsed[-1].content if isinstance(block, ir.ToolUse)}
    return tuple(system), tuple(parsed)


def parse_message(
    message: shapes.Message, position: int, *, called: Mapping[str, str], warnings: Warnings
) -> ir.Message:
    path = f"messages[{position}]"
    match message:
        case shapes.SystemMessage() | shapes.DeveloperMessage():
            return ir.Message("system", hinted(texts(message.content), message))
        case shapes.UserMessage():
            return ir.Message("user", hinted(parse_content(message.content, path, warnings), message))
        case shapes.AssistantMessage():
            return ir.Message("assistant", hinted(tuple(parse_assistant(message, position, warnings)), message))
        case shapes.ToolMessage():
            return result(message.tool_call_id, parse_content(message.content, path, warnings), message)
        case shapes.FunctionMessage():
            return result(called.get(message.name, positional_id(position)), texts(message.content), message)
        case _:
            assert_never(message)


def result(identifier: str, content: tuple[ir.ResultPart, ...], message: shapes.Cacheable) -> ir.Message:
    return ir.Message("user", (ir.ToolResult(identifier, content, cache=cache_of(message)),))


def hinted[T: ir.Block](content: tuple[T, ...], message: shapes.Cacheable) -> tuple[T, ...]:
    """A hint on a message is one on the last that it holds."""
    cache = cache_of(message)
    if cache is None or not content or isinstance(content[-1], ir.Thinking | ir.RedactedThinking):
        return content
    return (*content[:-1], msgspec.structs.replace(content[-1], cache=cache))


# What the assistant said.


def parse_assistant(message: shapes.AssistantMessage, position: int, warnings: Warnings) -> Iterable[ir.Block]:
    path = f"messages[{position}]"
    if message.audio is not None:
        raise unsupported("What was spoken cannot be translated.", f"{path}.audio")
    yield from parse_thinking(message)
    yield from texts(message.content)
    yield from texts(message.refusal)
    if message.function_call is not None:
        identifier = positional_id(position)
        yield parse_function(identifier, message.function_call, path=f"{path}.function_call", warnings=warnings)
    for place, call in enumerate(message.tool_calls or ()):
        yield parse_call(call, f"{path}.tool_calls[{place}]", warnings)


def positional_id(position: int) -> str:
    """Of a call in the older form, which has none: the same whenever the conversation is sent again."""
    return f"call_{position}"


def parse_thinking(message: shapes.AssistantMessage) -> Iterable[ir.Block]:
    """The native blocks where an answer had carried them, else the plain text."""
    details = message.reasoning_details or ()
    native = [parse_block(block) for block in message.thinking_blocks or ()]
    native = native or [block for detail in details for block in parse_detail(detail)]
    if native:
        yield from native
    elif text := message.reasoning_content or message.reasoning or told(details):
        yield ir.Thinking(text)


def told(details: Iterable[shapes.ReasoningDetail]) -> str:
    return "".join(detail.text or detail.summary or "" for detail in details)


def parse_block(block: shapes.ThinkingBlock | shapes.RedactedThinkingBlock) -> ir.Block:
    if isinstance(block, shapes.ThinkingBlock):
        return ir.Thinking(block.thinking, block.signature)
    return ir.RedactedThinking(block.data)


def parse_detail(detail: shapes.ReasoningDetail) -> Iterable[ir.Block]:
    """Nothing for what Anthropic did not sign."""
    if not (detail.format or "").startswith(NATIVE_FORMAT):
        return
    if detail.signature:
        yield ir.Thinking(detail.text or "", detail.signature)
    elif detail.data:
        yield ir.RedactedThinking(detail.data)


def parse_call(call: shapes.Call, path: str, warnings: Warnings) -> ir.ToolUse:
    if call.custom is not None:
        return ir.ToolUse(call.id or "", call.custom.name, {"input": call.custom.input})
    if call.function is None:
        raise GatewayError(Kind.MISSING_PARAMETER, "This field is required.", param=f"{path}.function")
    return parse_function(call.id or "", call.function, path=f"{path}.function", warnings=warnings)


def parse_function(identifier: str, call: shapes.FunctionCall, *, path: str, warnings: Warnings) -> ir.ToolUse:
    given = call.arguments
    if not isinstance(given, dict):
        given = parse_arguments(given or "", f"{path}.arguments", warnings)
    return ir.ToolUse(identifier, call.name, given)


def parse_arguments(text: str, path: str, warnings: Warnings) -> dict[str, JSON]:
    parsed = arguments.parse(text)
    if parsed == {"_raw": text}:
        warnings.add(path, "not_an_object")
    return parsed
