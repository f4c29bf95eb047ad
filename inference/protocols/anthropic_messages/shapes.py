"""The shapes of a messages request, as clients send it. Fields that we may ignore are not listed."""

from typing import Literal

import msgspec

from inference.ir import JSON
from inference.protocols.anthropic_messages.content_shapes import Block, Cacheable, TextBlock


class Message(msgspec.Struct):
    role: Literal["user", "assistant", "system"]
    content: str | list[Block]


# Tools.


class Tool(Cacheable):
    """`type` is given for the vendor's own tools; those have no schema."""

    name: str = ""
    type: str | None = None
    input_schema: dict[str, JSON] | None = None
    description: str | None = None
    input_examples: list[JSON] | None = None
    strict: bool | None = None


class ToolChoice(msgspec.Struct):
    type: Literal["auto", "any", "none", "tool"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


# The rest.


class Thinking(msgspec.Struct):
    type: Literal["enabled", "adaptive", "disabled", "between_tools"]
    budget_tokens: int | None = None
    display: str | None = None


class OutputFormat(msgspec.Struct):
    schema: dict[str, JSON]
    type: Literal["json_schema"]


class OutputConfig(msgspec.Struct):
    effort: str | None = None
    format: OutputFormat | None = None
    task_budget: JSON = None


class Metadata(msgspec.Struct):
    user_id: str | None = None


class Request(msgspec.Struct):
    model: str
    messages: list[Message]
    max_tokens: int
    system: str | list[TextBlock] | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None
    metadata: Metadata | None = None
    service_tier: str | None = None
    speed: str | None = None
