"""The shapes of a chat completions request, as clients send it. Fields that we may ignore are not listed."""

from typing import Literal

import msgspec

from inference.ir import JSON

# Content.


class TextPart(msgspec.Struct, tag_field="type", tag="text"):
    text: str


class RefusalPart(msgspec.Struct, tag_field="type", tag="refusal"):
    refusal: str


type Texts = str | list[TextPart] | None


# Messages.


class FunctionCall(msgspec.Struct):
    name: str
    arguments: str | dict[str, JSON] | None = None


class Call(msgspec.Struct, tag_field="type", tag="function"):
    function: FunctionCall
    id: str | None = None


class ThinkingBlock(msgspec.Struct, tag_field="type", tag="thinking"):
    """As an earlier answer of ours carried it, so that it can be sent back to Anthropic unchanged."""

    thinking: str
    signature: str = ""


class RedactedThinkingBlock(msgspec.Struct, tag_field="type", tag="redacted_thinking"):
    data: str


class SystemMessage(msgspec.Struct, tag_field="role", tag="system"):
    content: str | list[TextPart]


class DeveloperMessage(msgspec.Struct, tag_field="role", tag="developer"):
    content: str | list[TextPart]


class UserMessage(msgspec.Struct, tag_field="role", tag="user"):
    content: str | list[TextPart]


class AssistantMessage(msgspec.Struct, tag_field="role", tag="assistant"):
    content: str | list[TextPart | RefusalPart] | None = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking_blocks: list[ThinkingBlock | RedactedThinkingBlock] | None = None
    audio: JSON = None
    function_call: JSON = None


class ToolMessage(msgspec.Struct, tag_field="role", tag="tool"):
    tool_call_id: str
    content: Texts = None


type Message = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage


# Tools.


class Function(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, JSON] | None = None
    strict: bool | None = None


class Tool(msgspec.Struct, tag_field="type", tag="function"):
    function: Function


class Name(msgspec.Struct):
    name: str


class NamedChoice(msgspec.Struct, tag_field="type", tag="function"):
    function: Name


class AllowedTool(msgspec.Struct):
    function: Name


class AllowedTools(msgspec.Struct):
    tools: list[AllowedTool]
    mode: Literal["auto", "required"] = "auto"


class AllowedChoice(msgspec.Struct, tag_field="type", tag="allowed_tools"):
    allowed_tools: AllowedTools


# The rest.


class StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class Thinking(msgspec.Struct):
    """An extension: Anthropic's own control, which wins over `reasoning_effort`."""

    type: Literal["enabled", "adaptive", "disabled", "between_tools"]
    budget_tokens: int | None = None


class ResponseFormat(msgspec.Struct):
    type: str


class Request(msgspec.Struct):
    model: str
    messages: list[Message]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    logit_bias: dict[str, float] | None = None
    stop: str | list[str] | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["auto", "none", "required"] | NamedChoice | AllowedChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: str | None = None
    thinking: Thinking | None = None
    user: str | None = None
    safety_identifier: str | None = None
    response_format: ResponseFormat | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    modalities: list[str] | None = None
    audio: JSON = None
    functions: JSON = None
    function_call: JSON = None
