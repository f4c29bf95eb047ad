"""The shapes of the messages in a chat completions request. Fields that we may ignore are not listed."""

import msgspec

from inference.ir import JSON

# Content.


class Hint(msgspec.Struct):
    """Asks to keep what goes before, for a while."""

    ttl: str | None = None


class Cacheable(msgspec.Struct, kw_only=True):
    """`cache_control` is Anthropic's, which many clients send to whoever speaks OpenAI's protocol."""

    cache_control: Hint | None = None
    prompt_cache_breakpoint: Hint | None = None


class TextPart(Cacheable, tag_field="type", tag="text"):
    text: str


class RefusalPart(Cacheable, tag_field="type", tag="refusal"):
    refusal: str


class ImageURL(msgspec.Struct):
    url: str
    detail: str | None = None


class ImagePart(Cacheable, tag_field="type", tag="image_url"):
    image_url: ImageURL | str


class File(msgspec.Struct):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class FilePart(Cacheable, tag_field="type", tag="file"):
    file: File


type Part = TextPart | ImagePart | FilePart


# What an assistant's message holds beside.


class FunctionCall(msgspec.Struct):
    name: str
    arguments: str | dict[str, JSON] | None = None


class CustomCall(msgspec.Struct):
    name: str
    input: str = ""


class Call(msgspec.Struct):
    """Exactly one of `function` and `custom`. Many clients leave out the type."""

    id: str | None = None
    function: FunctionCall | None = None
    custom: CustomCall | None = None


class ThinkingBlock(msgspec.Struct, tag_field="type", tag="thinking"):
    """As an earlier answer of ours carried it, so that it can be sent back to Anthropic unchanged."""

    thinking: str
    signature: str = ""


class RedactedThinkingBlock(msgspec.Struct, tag_field="type", tag="redacted_thinking"):
    data: str


class ReasoningDetail(msgspec.Struct):
    """OpenRouter's way to carry reasoning. `format` tells whose it is, `signature` and `data` are opaque."""

    format: str | None = None
    text: str | None = None
    summary: str | None = None
    signature: str | None = None
    data: str | None = None


# Messages.


class SystemMessage(Cacheable, tag_field="role", tag="system"):
    content: str | list[TextPart]


class DeveloperMessage(Cacheable, tag_field="role", tag="developer"):
    content: str | list[TextPart]


class UserMessage(Cacheable, tag_field="role", tag="user"):
    content: str | list[Part]


class AssistantMessage(Cacheable, tag_field="role", tag="assistant"):
    """`function_call` is the older name of a call."""

    content: str | list[TextPart | RefusalPart] | None = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None
    function_call: FunctionCall | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[ReasoningDetail] | None = None
    thinking_blocks: list[ThinkingBlock | RedactedThinkingBlock] | None = None
    audio: JSON = None


class ToolMessage(Cacheable, tag_field="role", tag="tool"):
    tool_call_id: str
    content: str | list[Part] | None = None


class FunctionMessage(Cacheable, tag_field="role", tag="function"):
    """The older name of a tool's result."""

    name: str
    content: str | None = None


type Message = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage
