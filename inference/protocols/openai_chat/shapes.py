"""The shapes of a chat completions request, as clients send it; those of its messages are in `message_shapes`.

Fields that we may ignore are not listed, save at the top, where one that is not is told to the client.
"""

from typing import Literal

import msgspec

from inference.ir import JSON
from inference.protocols.openai_chat.message_shapes import Cacheable, Message
from inference.protocols.openai_chat.sampling import SamplingFields

# Tools.


class Function(Cacheable):
    name: str
    description: str | None = None
    parameters: dict[str, JSON] | None = None
    strict: bool | None = None


class FunctionTool(Cacheable, tag_field="type", tag="function"):
    function: Function


class Grammar(msgspec.Struct):
    definition: str
    syntax: str = ""


class CustomFormat(msgspec.Struct):
    grammar: Grammar | None = None


class Custom(Cacheable):
    """A tool whose one argument is plain text. `format` says which."""

    name: str
    description: str | None = None
    format: CustomFormat | None = None


class CustomTool(Cacheable, tag_field="type", tag="custom"):
    custom: Custom


type Tool = FunctionTool | CustomTool


class Name(msgspec.Struct):
    name: str


class FunctionChoice(msgspec.Struct, tag_field="type", tag="function"):
    function: Name


class CustomChoice(msgspec.Struct, tag_field="type", tag="custom"):
    custom: Name


class AllowedTools(msgspec.Struct):
    tools: list[FunctionChoice | CustomChoice]
    mode: Literal["auto", "required"] = "auto"


class AllowedChoice(msgspec.Struct, tag_field="type", tag="allowed_tools"):
    allowed_tools: AllowedTools


type ToolChoice = Literal["auto", "none", "required"] | FunctionChoice | CustomChoice | AllowedChoice


# The shape of the answer.


class TextFormat(msgspec.Struct, tag_field="type", tag="text"):
    pass


class ObjectFormat(msgspec.Struct, tag_field="type", tag="json_object"):
    pass


class Schema(msgspec.Struct):
    name: str = "response"
    schema: dict[str, JSON] | None = None
    strict: bool | None = None


class SchemaFormat(msgspec.Struct, tag_field="type", tag="json_schema"):
    json_schema: Schema


# The rest.


class StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class Thinking(msgspec.Struct):
    """An extension: Anthropic's own control, which wins over `reasoning_effort`."""

    type: Literal["enabled", "adaptive", "disabled", "between_tools"]
    budget_tokens: int | None = None


class ModerationMode(msgspec.Struct):
    mode: str | None = None


class ModerationPolicy(msgspec.Struct):
    input: ModerationMode | None = None
    output: ModerationMode | None = None


class Moderation(msgspec.Struct):
    policy: ModerationPolicy | None = None


class Request(SamplingFields):
    model: str
    messages: list[Message]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None
    stop: str | list[str] | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    functions: list[Function] | None = None
    function_call: Literal["auto", "none"] | Name | None = None
    reasoning_effort: str | None = None
    thinking: Thinking | None = None
    response_format: TextFormat | ObjectFormat | SchemaFormat | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    service_tier: str | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    # What cannot be kept.
    modalities: list[str] | None = None
    audio: JSON = None
    moderation: Moderation | None = None
    store: bool | None = None
    verbosity: JSON = None
    web_search_options: JSON = None
    # What can be left out without a word: it changes nothing about the answer.
    metadata: JSON = None
    prediction: JSON = None
    prompt_cache_options: JSON = None
    prompt_cache_retention: JSON = None
