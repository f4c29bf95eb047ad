"""A client's messages request to the neutral form."""

import re
from typing import assert_never

import msgspec

from inference import ir
from inference.errors import GatewayError, Kind, Untranslatable
from inference.protocols.anthropic_messages import shapes
from inference.protocols.decoding import decode
from inference.protocols.warnings import Warnings

REQUEST = msgspec.json.Decoder(shapes.Request)
# Differs with each request and would defeat every other backend's prefix cache.
BILLING_HEADER = "x-anthropic-billing-header"
# Run by the vendor: without them the model can still answer.
SERVER_TOOL = re.compile(r"(?:web_search|web_fetch|code_execution|tool_search\w*)_\d{8}")


def parse_request(body: bytes, warnings: Warnings) -> ir.Request:  # noqa: ARG001 - nothing is weakened yet
    """Raises GatewayError naming the field."""
    asked = decode(REQUEST, body)
    refuse(asked)
    tools = parse_tools(asked)
    return ir.Request(
        model=asked.model,
        messages=tuple(parse_message(message) for message in asked.messages),
        system=tuple(text for text in texts(asked.system) if not text.text.startswith(BILLING_HEADER)),
        tools=tools,
        tool_choice=parse_tool_choice(asked.tool_choice, tools),
        sampling=ir.Sampling(temperature=asked.temperature, top_p=asked.top_p, top_k=asked.top_k),
        stop=tuple(asked.stop_sequences or ()),
        max_tokens=asked.max_tokens,
        stream=bool(asked.stream),
        include_usage=True,
        reasoning=parse_reasoning(asked),
        shows_reasoning=asked.thinking is not None and asked.thinking.type != "disabled",
        user=asked.metadata.user_id if asked.metadata else None,
    )


def refuse(asked: shapes.Request) -> None:
    """What nobody but Anthropic could answer."""
    if not asked.messages:
        raise GatewayError(Kind.INVALID_VALUE, "At least one message is required.", param="messages")
    if asked.max_tokens < 0:
        raise GatewayError(Kind.INVALID_VALUE, "This field must not be below 0.", param="max_tokens")
    unsupported = {
        "mcp_servers": bool(asked.mcp_servers),
        "container": asked.container is not None,
        "thread": asked.thread is not None,
        "inference_geo": asked.inference_geo is not None,
        "output_format": asked.output_format is not None,
        "output_config.format": asked.output_config is not None and asked.output_config.format is not None,
    }
    for field, present in unsupported.items():
        if present:
            raise Untranslatable("This cannot be kept by the backend that answers this model.", param=field)


# Messages.


def parse_message(message: shapes.Message) -> ir.Message:
    if isinstance(message.content, str):
        return ir.Message(message.role, texts(message.content))
    return ir.Message(message.role, tuple(parse_block(block) for block in message.content if not is_empty(block)))


def parse_block(block: shapes.Block) -> ir.Block:
    match block:
        case shapes.TextBlock(text=text):
            return ir.Text(text)
        case shapes.ThinkingBlock(thinking=thinking, signature=signature):
            return ir.Thinking(thinking, signature)
        case shapes.RedactedThinkingBlock(data=data):
            return ir.RedactedThinking(data)
        case shapes.ToolUseBlock():
            return ir.ToolUse(block.id, block.name, block.input)
        case shapes.ToolResultBlock():
            return ir.ToolResult(block.tool_use_id, texts(block.content), is_error=bool(block.is_error))
        case _:
            assert_never(block)


def is_empty(block: shapes.Block) -> bool:
    return isinstance(block, shapes.TextBlock) and not block.text


def texts(content: str | list[shapes.TextBlock] | None) -> tuple[ir.Text, ...]:
    parts = [content or ""] if content is None or isinstance(content, str) else [block.text for block in content]
    return tuple(ir.Text(part) for part in parts if part)


# Tools and controls.


def parse_tools(asked: shapes.Request) -> tuple[ir.Tool, ...]:
    """Tools that the vendor runs are left out, unless the request is about nothing else."""
    offered = asked.tools or []
    forced = asked.tool_choice.name if asked.tool_choice else None
    tools: list[ir.Tool] = []
    for position, tool in enumerate(offered):
        if tool.type in (None, "custom"):
            tools.append(parse_tool(tool, f"tools[{position}]"))
        elif not SERVER_TOOL.fullmatch(tool.type) or len(offered) == 1 or tool.name == forced:
            message = f"The tool {tool.type} exists at Anthropic only."
            raise Untranslatable(message, param=f"tools[{position}].type", kind=Kind.UNSUPPORTED_TOOL)
    return tuple(tools)


def parse_tool(tool: shapes.Tool, path: str) -> ir.Tool:
    if not tool.name:
        raise GatewayError(Kind.MISSING_PARAMETER, "This field is required.", param=f"{path}.name")
    if tool.input_schema is None:
        raise GatewayError(Kind.MISSING_PARAMETER, "This field is required.", param=f"{path}.input_schema")
    return ir.Tool(tool.name, tool.input_schema, description=tool.description, strict=tool.strict)


def parse_tool_choice(choice: shapes.ToolChoice | None, tools: tuple[ir.Tool, ...]) -> ir.ToolChoice | None:
    if choice is None or not tools:
        return None
    if choice.type == "tool" and choice.name not in {tool.name for tool in tools}:
        raise GatewayError(Kind.INVALID_VALUE, "No tool has this name.", param="tool_choice.name")
    name = choice.name if choice.type == "tool" else None
    return ir.ToolChoice(choice.type, name, parallel=not choice.disable_parallel_tool_use)


def parse_reasoning(asked: shapes.Request) -> ir.Reasoning | None:
    effort = asked.output_config.effort if asked.output_config else None
    if asked.thinking is None:
        return ir.Reasoning(effort=effort) if effort else None
    thinks = asked.thinking.type in ("enabled", "adaptive")
    return ir.Reasoning(enabled=thinks, effort=effort, budget=asked.thinking.budget_tokens)
