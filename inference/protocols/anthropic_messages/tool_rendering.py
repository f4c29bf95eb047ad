"""The tools a client offers, and its word on using them, for an Anthropic upstream."""

from collections.abc import Sequence

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.ir import JSON
from inference.protocols.anthropic_messages.content_rendering import ContentRenderer
from inference.protocols.anthropic_messages.schemas import object_schema
from inference.protocols.anthropic_messages.strict_schemas import Inexpressible, strict_schema
from inference.protocols.codec import Aim
from inference.protocols.names import fit_name, offered_name


def render_tools(
    request: ir.Request, turns: Sequence[ir.Message], aim: Aim, *, content: ContentRenderer
) -> dict[str, JSON]:
    """Raises Untranslatable."""
    if not request.tools:
        return stubs(turns, aim)
    tools = [
        content.cached(render_tool(tool, f"tools[{position}].function", aim), tool.cache)
        for position, tool in enumerate(request.tools)
    ]
    body: dict[str, JSON] = {"tools": tools}
    if request.tool_choice is not None:
        body["tool_choice"] = render_choice(request.tool_choice, request.tools, aim)
    return body


def stubs(turns: Sequence[ir.Message], aim: Aim) -> dict[str, JSON]:
    """A history of calls needs tools, where the client no longer offers any."""
    called = {block.name: None for turn in turns for block in turn.content if isinstance(block, ir.ToolUse)}
    if not called:
        return {}
    names = {fit_name(name, aim.profile.tool_name_max): None for name in called}
    tools = [{"name": name, "input_schema": {"type": "object", "properties": {}}} for name in names]
    return {"tools": tools, "tool_choice": {"type": "none"}}


def render_tool(tool: ir.Tool, path: str, aim: Aim) -> dict[str, JSON]:
    schema, is_merged = object_schema(tool.input_schema)
    if is_merged:
        aim.warnings.add(f"{path}.parameters", "alternatives_merged")
    rendered: dict[str, JSON] = {"name": fit_name(tool.name, aim.profile.tool_name_max), "input_schema": schema}
    if tool.description is not None:
        rendered["description"] = tool.description
    if tool.strict and aim.profile.strict_tools:
        try:
            rendered |= {"input_schema": strict_schema(schema), "strict": True}
        except Inexpressible:
            aim.warnings.add(f"{path}.strict", "schema")
    return rendered


def render_choice(choice: ir.ToolChoice, tools: Sequence[ir.Tool], aim: Aim) -> JSON:
    rendered: dict[str, JSON] = {"type": choice.mode}
    if choice.mode == "tool":
        name = offered_name(choice.name, tools)
        if name is None:
            raise Untranslatable("No tool has this name.", param="tool_choice", kind=Kind.INVALID_VALUE)
        rendered["name"] = fit_name(name, aim.profile.tool_name_max)
    if not choice.parallel and choice.mode != "none":
        rendered["disable_parallel_tool_use"] = True
    return rendered
