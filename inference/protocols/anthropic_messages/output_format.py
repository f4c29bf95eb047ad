"""An answer that shall be JSON: the model is held to the schema, or to a tool that has it, or asked in words."""

from dataclasses import dataclass

import msgspec

from inference import ir
from inference.ir import JSON
from inference.protocols.anthropic_messages.schemas import ALTERNATIVES
from inference.protocols.anthropic_messages.strict_schemas import Inexpressible, strict_schema
from inference.protocols.codec import Aim

FIELD = "response_format"
ANSWER_TOOL = "answer"
DESCRIPTION = "Gives the answer."
ANY_OBJECT = "Answer with one JSON object and nothing else."
THIS_SCHEMA = "Answer with JSON that fits this schema and nothing else:\n"


@dataclass(frozen=True, slots=True)
class Shaped:
    """The request as it then is, what `output_config` says of it, and the tool whose arguments are the answer."""

    request: ir.Request
    format: JSON = None
    answer_tool: str | None = None


def shaped(request: ir.Request, aim: Aim, *, thinks: bool) -> Shaped:
    """`thinks`: the model will. Then it cannot be forced to call a tool."""
    wanted = request.output
    if wanted is None:
        return Shaped(request)
    if wanted.schema is None:
        return in_words(request, wanted, aim)
    if aim.profile.structured_outputs:
        try:
            return Shaped(request, {"type": "json_schema", "schema": strict_schema(wanted.schema)})
        except Inexpressible:
            pass
    elif not (thinks or has_calls(request)) and is_plain_object(wanted.schema):
        tool = ir.Tool(ANSWER_TOOL, wanted.schema, DESCRIPTION)
        choice = ir.ToolChoice("tool", ANSWER_TOOL)
        return Shaped(msgspec.structs.replace(request, tools=(tool,), tool_choice=choice), answer_tool=ANSWER_TOOL)
    return in_words(request, wanted, aim)


def in_words(request: ir.Request, wanted: ir.OutputFormat, aim: Aim) -> Shaped:
    aim.warnings.add(wanted.path or FIELD, "as_instruction")
    instruction = ANY_OBJECT if wanted.schema is None else THIS_SCHEMA + msgspec.json.encode(wanted.schema).decode()
    return Shaped(msgspec.structs.replace(request, system=(*request.system, ir.Text(instruction))))


def has_calls(request: ir.Request) -> bool:
    """Whether the client has tools of its own, now or before."""
    return bool(request.tools) or any(
        isinstance(block, ir.ToolUse) for message in request.messages for block in message.content
    )


def is_plain_object(schema: dict[str, JSON]) -> bool:
    """As the arguments of a tool must be."""
    return schema.get("type") == "object" and not any(name in schema for name in ALTERNATIVES)
