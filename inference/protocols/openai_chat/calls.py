"""How a client sees a call: of a function, of a custom tool whose input is plain text, or by the older name for it."""

from typing import Literal, assert_never

import msgspec

from inference import ir
from inference.ir import JSON
from inference.protocols import arguments
from inference.protocols.codec import Answering

type Form = Literal["function", "custom", "legacy"]

encode = msgspec.json.encode


def form_of(name: str, answering: Answering) -> Form:
    if answering.legacy_functions:
        return "legacy"
    return "custom" if name in answering.custom_tools else "function"


def render_calls(calls: list[ir.ToolUse], answering: Answering) -> dict[str, JSON]:
    """The fields of a message that tell its calls. The older form knows one alone."""
    if not calls:
        return {}
    if answering.legacy_functions:
        return {"function_call": {"name": calls[0].name, "arguments": arguments.render(calls[0].input)}}
    return {"tool_calls": [render_call(call, form_of(call.name, answering)) for call in calls]}


def render_call(call: ir.ToolUse, form: Form) -> dict[str, JSON]:
    if form == "custom":
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": plain_input(call.input)}}
    function = {"name": call.name, "arguments": arguments.render(call.input)}
    return {"id": call.id, "type": "function", "function": function}


def plain_input(given: dict[str, JSON]) -> str:
    """The text that a custom tool was called with. A model that did not keep to its one argument is quoted as it is."""
    match given:
        case {"input": str(text)} | {"_raw": str(text)}:
            return text
        case _:
            return arguments.render(given) if given else ""


# The deltas of a stream.


def begun(form: Form, position: int, *, identifier: str, name: str) -> bytes:
    match form:
        case "function":
            head = b'{"tool_calls":[{"index":%d,"id":%b,"type":"function","function":{"name":%b,"arguments":""}}]}'
            return head % (position, encode(identifier), encode(name))
        case "custom":
            head = b'{"tool_calls":[{"index":%d,"id":%b,"type":"custom","custom":{"name":%b,"input":""}}]}'
            return head % (position, encode(identifier), encode(name))
        case "legacy":
            return b'{"function_call":{"name":%b,"arguments":""}}' % encode(name)
        case _:
            assert_never(form)


def continued(form: Form, position: int, piece: str) -> bytes:
    match form:
        case "function":
            return b'{"tool_calls":[{"index":%d,"function":{"arguments":%b}}]}' % (position, encode(piece))
        case "custom":
            return b'{"tool_calls":[{"index":%d,"custom":{"input":%b}}]}' % (position, encode(piece))
        case "legacy":
            return b'{"function_call":{"arguments":%b}}' % encode(piece)
        case _:
            assert_never(form)
