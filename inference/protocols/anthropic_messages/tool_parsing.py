"""The tools a client offers, and its word on using them, to the neutral form."""

import msgspec

from inference import ir
from inference.errors import GatewayError, Kind, Untranslatable
from inference.protocols.anthropic_messages import shapes
from inference.protocols.anthropic_messages.client_tools import known_tool
from inference.protocols.anthropic_messages.content_parsing import cache_of
from inference.protocols.anthropic_messages.server_tools import SERVER_TOOL
from inference.protocols.names import offered_name
from inference.protocols.warnings import Warnings


def parse_tools(asked: shapes.Request, warnings: Warnings) -> tuple[ir.Tool, ...]:
    """Tools that the vendor runs are left out, unless the request is about nothing else. Raises GatewayError."""
    offered = asked.tools or []
    forced = asked.tool_choice.name if asked.tool_choice else None
    tools: list[ir.Tool] = []
    foreign: list[str] = []
    for position, tool in enumerate(offered):
        path = f"tools[{position}]"
        if tool.type in (None, "custom"):
            tools.append(parse_tool(tool, path))
        elif known := known_tool(tool.type):
            description, schema = known
            tools.append(ir.Tool(tool.name, schema, description, strict=tool.strict, cache=cache_of(tool)))
        elif not SERVER_TOOL.fullmatch(tool.type) or tool.name == forced:
            raise vendors_own(path)
        else:
            foreign.append(path)
    if foreign and not tools:
        raise vendors_own(foreign[0])
    for path in foreign:
        warnings.add(path, "server_tool")
    return tuple(tools)


def vendors_own(path: str) -> Untranslatable:
    return Untranslatable("This tool exists at Anthropic only.", param=f"{path}.type", kind=Kind.UNSUPPORTED_TOOL)


def parse_tool(tool: shapes.Tool, path: str) -> ir.Tool:
    if not tool.name:
        raise GatewayError(Kind.MISSING_PARAMETER, "This field is required.", param=f"{path}.name")
    if tool.input_schema is None:
        raise GatewayError(Kind.MISSING_PARAMETER, "This field is required.", param=f"{path}.input_schema")
    return ir.Tool(tool.name, tool.input_schema, described(tool), strict=tool.strict, cache=cache_of(tool))


def described(tool: shapes.Tool) -> str | None:
    """With the examples, for which no other protocol has a place."""
    if not tool.input_examples:
        return tool.description
    examples = [msgspec.json.encode(example).decode() for example in tool.input_examples]
    return "\n".join([*([tool.description, ""] if tool.description else []), "Examples of its input:", *examples])


def parse_tool_choice(choice: shapes.ToolChoice | None, tools: tuple[ir.Tool, ...]) -> ir.ToolChoice | None:
    if choice is None or (not tools and choice.type in ("auto", "none")):
        return None
    if not tools:
        raise GatewayError(Kind.INVALID_VALUE, "There is no tool to call.", param="tool_choice")
    name = offered_name(choice.name, tools) if choice.type == "tool" else None
    if choice.type == "tool" and name is None:
        raise GatewayError(Kind.INVALID_VALUE, "No tool has this name.", param="tool_choice.name")
    return ir.ToolChoice(choice.type, name, parallel=not choice.disable_parallel_tool_use)
