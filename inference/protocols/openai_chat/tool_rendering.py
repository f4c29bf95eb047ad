"""The tools of the neutral form, and which of them must be called, as a chat completions request has them."""

from collections.abc import Iterable

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.ir import JSON
from inference.protocols.codec import Aim
from inference.protocols.names import fit_name, offered_name
from inference.protocols.openai_chat.strictness import is_strict

CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def render_tools(request: ir.Request, aim: Aim) -> dict[str, JSON]:
    """Nothing about tools where there are none: OpenAI refuses it. Raises Untranslatable."""
    if not request.tools:
        return {}
    tools = [render_tool(tool, f"tools[{position}]", aim) for position, tool in enumerate(request.tools)]
    body: dict[str, JSON] = {"tools": tools}
    choice = request.tool_choice
    if choice is not None:
        longest = aim.profile.tool_name_max
        body["tool_choice"] = CHOICES.get(choice.mode) or render_named(choice.name, request.tools, longest)
        if not choice.parallel:
            body["parallel_tool_calls"] = False
    return body


def render_tool(tool: ir.Tool, path: str, aim: Aim) -> JSON:
    function: dict[str, JSON] = {"name": fit_name(tool.name, aim.profile.tool_name_max)}
    function["parameters"] = tool.input_schema
    if tool.description is not None:
        function["description"] = tool.description
    if tool.strict:
        if aim.profile.strict_tools and is_strict(tool.input_schema):
            function["strict"] = True
        else:
            aim.warnings.add(f"{path}.strict", "unsupported")
    return {"type": "function", "function": function}


def render_named(name: str | None, tools: Iterable[ir.Tool], longest: int) -> JSON:
    offered = offered_name(name, tools)
    if offered is None:
        raise Untranslatable("No tool has this name.", param="tool_choice.name", kind=Kind.INVALID_VALUE)
    return {"type": "function", "function": {"name": fit_name(offered, longest)}}
