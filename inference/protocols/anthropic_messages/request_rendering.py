"""The neutral form to a messages request for an upstream."""

import re

import msgspec

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.ir import JSON
from inference.protocols.anthropic_messages.reasoning import render_reasoning
from inference.protocols.anthropic_messages.schemas import object_schema
from inference.protocols.anthropic_messages.turns import arranged
from inference.protocols.codec import Aim, Rendered
from inference.protocols.names import digest, fit_name, refitted

LONGEST_USER = 256
LEAST_BAN = 100
# An e-mail address or a telephone number is refused.
PERSONAL = re.compile(r"[@\s]|\+?[\d()./-]{7,}")
HIGHEST_TEMPERATURE = 1.0
LEAST_TOP_P_WITH_THINKING = 0.95


def render_request(request: ir.Request, aim: Aim) -> Rendered:
    """Raises Untranslatable."""
    model = aim.model
    turns = arranged(request.messages, aim.warnings)
    body: dict[str, JSON] = {"model": model, "messages": [render_turn(turn) for turn in turns]}
    body |= render_reasoning(request, model)
    system = [render_block(text) for text in request.system if text.text.strip()]
    if system:
        body["system"] = system
    thinks = body.get("thinking", {"type": "disabled"})["type"] != "disabled"
    body |= render_sampling(request.sampling, thinks=thinks)
    body |= render_tools(request)
    if stop := [sequence for sequence in request.stop if sequence.strip()]:
        body["stop_sequences"] = stop
    if request.user:
        body["metadata"] = {"user_id": opaque(request.user)}
    if request.stream:
        body["stream"] = True
    return Rendered(msgspec.json.encode(body), refitted(request.tools))


def render_sampling(sampling: ir.Sampling, *, thinks: bool) -> dict[str, JSON]:
    if any(abs(bias) >= LEAST_BAN for bias in (sampling.logit_bias or {}).values()):
        message = "The backend that answers this model cannot ban or force tokens."
        raise Untranslatable(message, param="logit_bias")
    if thinks:
        fits = sampling.top_p is not None and sampling.top_p >= LEAST_TOP_P_WITH_THINKING
        return {"top_p": sampling.top_p} if fits else {}
    body: dict[str, JSON] = {}
    if sampling.temperature is not None:
        body["temperature"] = min(sampling.temperature, HIGHEST_TEMPERATURE)
    elif sampling.top_p is not None:
        # Never both: newer models refuse it.
        body["top_p"] = sampling.top_p
    if sampling.top_k is not None:
        body["top_k"] = sampling.top_k
    return body


def opaque(user: str) -> str:
    return digest(user) if len(user) > LONGEST_USER or PERSONAL.search(user) else user


# Messages.


def render_turn(turn: ir.Message) -> JSON:
    return {"role": turn.role, "content": [render_block(block) for block in turn.content]}


def render_block(block: ir.Block) -> JSON:
    match block:
        case ir.Text(text=text):
            return {"type": "text", "text": text}
        case ir.Thinking(text=text, signature=signature):
            return {"type": "thinking", "thinking": text, "signature": signature}
        case ir.RedactedThinking(data=data):
            return {"type": "redacted_thinking", "data": data}
        case ir.ToolUse():
            return {"type": "tool_use", "id": block.id, "name": fit_name(block.name), "input": block.input}
        case ir.ToolResult():
            return render_result(block)
        case ir.Image() | ir.Document():
            raise Untranslatable("This cannot be translated.", param=block.path, kind=Kind.UNSUPPORTED_CONTENT)


def render_result(result: ir.ToolResult) -> JSON:
    parts = [render_block(part) for part in result.content if isinstance(part, ir.Text) and part.text.strip()]
    rendered: dict[str, JSON] = {"type": "tool_result", "tool_use_id": result.tool_use_id, "content": parts or ""}
    return rendered | {"is_error": True} if result.is_error else rendered


# Tools.


def render_tools(request: ir.Request) -> dict[str, JSON]:
    if not request.tools:
        return stubs(request.messages)
    body: dict[str, JSON] = {"tools": [render_tool(tool) for tool in request.tools]}
    if request.tool_choice is not None:
        body["tool_choice"] = render_choice(request.tool_choice, request.tools)
    return body


def stubs(messages: tuple[ir.Message, ...]) -> dict[str, JSON]:
    """A history of calls needs tools, where the client no longer offers any."""
    called = {block.name: None for message in messages for block in message.content if isinstance(block, ir.ToolUse)}
    if not called:
        return {}
    tools = [{"name": fit_name(name), "input_schema": {"type": "object", "properties": {}}} for name in called]
    return {"tools": tools, "tool_choice": {"type": "none"}}


def render_tool(tool: ir.Tool) -> JSON:
    rendered: dict[str, JSON] = {"name": fit_name(tool.name), "input_schema": object_schema(tool.input_schema)}
    if tool.description is not None:
        rendered["description"] = tool.description
    if tool.strict:
        rendered["strict"] = True
    return rendered


def render_choice(choice: ir.ToolChoice, tools: tuple[ir.Tool, ...]) -> JSON:
    rendered: dict[str, JSON] = {"type": choice.mode}
    if choice.mode == "tool":
        if choice.name not in {tool.name for tool in tools}:
            raise Untranslatable("No tool has this name.", param="tool_choice", kind=Kind.INVALID_VALUE)
        rendered["name"] = fit_name(choice.name)
    if not choice.parallel and choice.mode != "none":
        rendered["disable_parallel_tool_use"] = True
    return rendered
