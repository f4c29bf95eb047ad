"""The tools that a client offers, and which of them the model may or must call, to the neutral form."""

from collections.abc import Iterable

import msgspec

from inference import ir
from inference.errors import GatewayError, Kind
from inference.ir import JSON
from inference.protocols.names import offered_name
from inference.protocols.openai_chat import shapes
from inference.protocols.openai_chat.content_parsing import cache_of
from inference.protocols.warnings import Warnings

CHOICES: dict[str, ir.ToolChoice] = {
    "auto": ir.ToolChoice("auto"),
    "none": ir.ToolChoice("none"),
    "required": ir.ToolChoice("any"),
}
# What stands for a custom tool where only functions are known.
PLAIN_TEXT: dict[str, JSON] = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
    "additionalProperties": False,
}


class Offer(msgspec.Struct, frozen=True):
    """As in `ir.Request`."""

    tools: tuple[ir.Tool, ...] = ()
    choice: ir.ToolChoice | None = None
    custom: tuple[str, ...] = ()
    legacy: bool = False


def parse_offer(asked: shapes.Request, warnings: Warnings) -> Offer:
    """Raises GatewayError naming the field."""
    tools = tuple(parse_tools(asked, warnings))
    if not tools:
        refuse_demand(asked)
        return Offer()
    custom = tuple(tool.custom.name for tool in asked.tools or () if isinstance(tool, shapes.CustomTool))
    # The older form has room for one call in an answer.
    legacy = not asked.tools
    choice = parse_choice(asked, tools)
    if asked.parallel_tool_calls is False or legacy:
        choice = msgspec.structs.replace(choice or ir.ToolChoice(), parallel=False)
    return Offer(allowed(asked, tools), choice, custom, legacy)


def parse_tools(asked: shapes.Request, warnings: Warnings) -> Iterable[ir.Tool]:
    for position, tool in enumerate(asked.tools or ()):
        path = f"tools[{position}]"
        match tool:
            case shapes.FunctionTool(function=function):
                parsed = parse_function(function, f"{path}.function")
            case shapes.CustomTool(custom=custom):
                parsed = parse_custom(custom, f"{path}.custom", warnings)
        cache = cache_of(tool)
        yield parsed if cache is None else msgspec.structs.replace(parsed, cache=cache)
    for position, function in enumerate(asked.functions or ()):
        yield parse_function(function, f"functions[{position}]")


def parse_function(function: shapes.Function, path: str) -> ir.Tool:
    schema = {"type": "object"} | (function.parameters or {"properties": {}})
    return ir.Tool(
        named(function.name, path),
        schema,
        description=function.description,
        strict=function.strict,
        cache=cache_of(function),
    )


def parse_custom(custom: shapes.Custom, path: str, warnings: Warnings) -> ir.Tool:
    """Nobody else can hold a model to a grammar, but a model that knows it may keep to it."""
    description = custom.description
    if custom.format is not None and custom.format.grammar is not None:
        grammar = custom.format.grammar
        warnings.add(f"{path}.format", "not_enforced")
        told = f"The input follows this {grammar.syntax} grammar:\n{grammar.definition}"
        description = f"{description}\n\n{told}" if description else told
    return ir.Tool(named(custom.name, path), PLAIN_TEXT, description=description, cache=cache_of(custom))


def named(name: str, path: str) -> str:
    if not name:
        raise GatewayError(Kind.INVALID_VALUE, "A tool needs a name.", param=f"{path}.name")
    return name


# The choice.


def refuse_demand(asked: shapes.Request) -> None:
    """Where no tool is offered, none can be demanded."""
    for name in ("tool_choice", "function_call"):
        if getattr(asked, name) not in (None, "auto", "none"):
            raise GatewayError(Kind.INVALID_VALUE, "There is no tool to call.", param=name)


def parse_choice(asked: shapes.Request, tools: tuple[ir.Tool, ...]) -> ir.ToolChoice | None:
    match asked.tool_choice:
        case None:
            return parse_legacy_choice(asked.function_call, tools)
        case shapes.FunctionChoice(function=shapes.Name(name=name)):
            return forced(name, tools, "tool_choice.function.name")
        case shapes.CustomChoice(custom=shapes.Name(name=name)):
            return forced(name, tools, "tool_choice.custom.name")
        case shapes.AllowedChoice(allowed_tools=allowed_tools):
            return CHOICES[allowed_tools.mode]
        case mode:
            return CHOICES[mode]


def parse_legacy_choice(choice: str | shapes.Name | None, tools: tuple[ir.Tool, ...]) -> ir.ToolChoice | None:
    if choice is None:
        return None
    return forced(choice.name, tools, "function_call.name") if isinstance(choice, shapes.Name) else CHOICES[choice]


def forced(name: str, tools: Iterable[ir.Tool], path: str) -> ir.ToolChoice:
    return ir.ToolChoice("tool", known(name, tools, path))


def known(name: str, tools: Iterable[ir.Tool], path: str) -> str:
    found = offered_name(name, tools)
    if found is None:
        raise GatewayError(Kind.INVALID_VALUE, "No tool has this name.", param=path)
    return found


def allowed(asked: shapes.Request, tools: tuple[ir.Tool, ...]) -> tuple[ir.Tool, ...]:
    """The tools that the choice allows."""
    if not isinstance(asked.tool_choice, shapes.AllowedChoice):
        return tools
    path = "tool_choice.allowed_tools.tools"
    names = {
        known(name_of(choice), tools, f"{path}[{position}]")
        for position, choice in enumerate(asked.tool_choice.allowed_tools.tools)
    }
    if not names:
        raise GatewayError(Kind.INVALID_VALUE, "At least one tool must be allowed.", param=path)
    return tuple(tool for tool in tools if tool.name in names)


def name_of(choice: shapes.FunctionChoice | shapes.CustomChoice) -> str:
    return choice.function.name if isinstance(choice, shapes.FunctionChoice) else choice.custom.name
