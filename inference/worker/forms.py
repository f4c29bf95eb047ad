"""What an answer is held to: the JSON of a schema, calls of tools, or text in which calls follow their schemas."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols.native import Job

# As models write JSON on their own: other white space costs tokens, and they may write it without end.
LAYOUT = {"whitespace_flexible": False, "key_separator": ": ", "item_separator": ", "}


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON schema as text for the compiler. `param` is where the client's request has it.

    A `lenient` one is held to as far as it can be: its tool was not said to be strict.
    """

    text: str
    param: str
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """Exactly one of: `text` with calls, a `body` or calls, or calls alone.

    `calls` has the schema of each tool's arguments by its name. `param` is the client's field that asks for all this.
    """

    param: str
    text: bool
    body: Schema | None
    calls: dict[str, Schema]
    single: bool

    @property
    def schemas(self) -> list[Schema]:
        return [*([self.body] if self.body else []), *self.calls.values()]


def form(job: Job) -> Form | None:
    """None: the answer is free. Raises GatewayError."""
    request = job.request
    choice = request.tool_choice or ir.ToolChoice()
    offered = {f"tools[{number}]": tool for number, tool in enumerate(request.tools) if is_offered(tool, choice)}
    forced = choice.mode in ("any", "tool")
    if forced and not offered:
        raise GatewayError(Kind.INVALID_VALUE, "There is no such tool to be called.", param="tool_choice")
    output = None if forced else request.output
    if not forced and output is None and not any(tool.strict for tool in offered.values()):
        return None
    return Form(
        param="tool_choice" if forced else output.path or "response_format" if output else "tools",
        text=not forced and output is None,
        body=body(output) if output else None,
        calls={
            tool.name: schema(tool.input_schema, path, lenient=tool.strict is not True)
            for path, tool in offered.items()
        },
        single=choice.mode == "tool" or not choice.parallel,
    )


def is_offered(tool: ir.Tool, choice: ir.ToolChoice) -> bool:
    return choice.mode != "none" and (choice.mode != "tool" or tool.name == choice.name)


def body(output: ir.OutputFormat) -> Schema:
    path = output.path or "response_format"
    return any_object(path) if output.schema is None else schema(output.schema, path)


def any_object(param: str) -> Schema:
    return schema({"type": "object"}, param)


def schema(value: Mapping[str, ir.JSON], param: str, *, lenient: bool = False) -> Schema:
    options = LAYOUT | ({"lenient": True} if lenient else {})
    return Schema(json.dumps({**value, "x-guidance": options}, ensure_ascii=False), param, lenient)


def too_much(param: str) -> GatewayError:
    """For schemas that can be held to each, but not as the model has to write them."""
    return GatewayError(Kind.INVALID_VALUE, "The schemas are too much to hold an answer to.", param=param)
