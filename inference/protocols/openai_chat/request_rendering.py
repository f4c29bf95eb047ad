"""The neutral form to a chat completions request for an upstream."""

from collections.abc import Iterable

import msgspec

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.ir import JSON
from inference.protocols import arguments
from inference.protocols.codec import Aim, Rendered
from inference.protocols.names import NAME, digest, fit_name, refitted
from inference.protocols.openai_chat.dialect import Dialect, dialect_of
from inference.protocols.turns import paired
from inference.protocols.warnings import Warnings

TOOL_ERROR = "[tool error] "
CHOICES = {"auto": "auto", "any": "required", "none": "none"}
BUDGETS = ((2048, "low"), (8192, "medium"), (24000, "high"))


def render_request(request: ir.Request, aim: Aim) -> Rendered:
    """Raises Untranslatable."""
    model = aim.model
    dialect = dialect_of(model)
    body: dict[str, JSON] = {"model": model, "messages": list(render_messages(request, dialect, aim.warnings))}
    body |= render_limits(request, dialect)
    body |= render_sampling(request.sampling, dialect)
    body |= render_tools(request)
    if effort := render_effort(request.reasoning):
        body["reasoning_effort"] = effort
    if request.user and dialect.user_field:
        body[dialect.user_field] = request.user if NAME.fullmatch(request.user) else digest(request.user)
    if request.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return Rendered(msgspec.json.encode(body), refitted(request.tools))


def render_limits(request: ir.Request, dialect: Dialect) -> dict[str, JSON]:
    body: dict[str, JSON] = {}
    if request.max_tokens is not None:
        if request.max_tokens <= 0:
            raise Untranslatable("This must be above 0 for the backend that answers this model.", param="max_tokens")
        body[dialect.max_tokens_field] = request.max_tokens
    if request.stop:
        if dialect.stop_limit is not None and len(request.stop) > dialect.stop_limit:
            message = f"The backend that answers this model takes at most {dialect.stop_limit}."
            raise Untranslatable(message, param="stop_sequences")
        body["stop"] = list(request.stop)
    return body


def render_sampling(sampling: ir.Sampling, dialect: Dialect) -> dict[str, JSON]:
    extended = () if dialect.extended_sampling else ("top_k", "min_p")
    given = msgspec.structs.asdict(sampling)
    return {name: value for name, value in given.items() if value is not None and name not in extended}


def render_effort(reasoning: ir.Reasoning | None) -> str | None:
    if reasoning is None:
        return None
    if reasoning.enabled is False:
        # Most models do not know the word, and those that do not think need not be told.
        return None
    if reasoning.effort or reasoning.budget is None:
        return reasoning.effort
    return next((effort for most, effort in BUDGETS if reasoning.budget <= most), "xhigh")


# Messages.


def render_messages(request: ir.Request, dialect: Dialect, warnings: Warnings) -> Iterable[dict[str, JSON]]:
    if request.system:
        yield {"role": "system", "content": render_texts(request.system)}
    for message in paired((readable(message, dialect) for message in request.messages), warnings):
        match message.role:
            case "assistant":
                yield render_assistant(message, dialect)
            case "system":
                yield {"role": "system", "content": render_texts(message.content)}
            case "user":
                yield from render_user(message)


def readable(message: ir.Message, dialect: Dialect) -> ir.Message:
    """Without thinking that the upstream cannot read. Whose signature it bears does not matter: none is sent."""
    kept = (
        block
        for block in message.content
        if not isinstance(block, ir.RedactedThinking)
        and (not isinstance(block, ir.Thinking) or (block.text and dialect.reads_reasoning))
    )
    return ir.Message(message.role, tuple(kept))


def render_user(message: ir.Message) -> Iterable[dict[str, JSON]]:
    rest = [block for block in message.content if not isinstance(block, ir.ToolResult)]
    for block in message.content:
        if isinstance(block, ir.ToolResult):
            yield {"role": "tool", "tool_call_id": block.tool_use_id, "content": render_result(block)}
    if rest:
        yield {"role": "user", "content": render_texts(rest)}


def render_result(result: ir.ToolResult) -> str:
    text = "\n".join(part.text for part in result.content if isinstance(part, ir.Text))
    return TOOL_ERROR + text if result.is_error and not text.lower().startswith("error") else text


def render_texts(blocks: Iterable[ir.Block]) -> JSON:
    """One text as a plain string, several as parts."""
    found = [block.text for block in blocks if isinstance(block, ir.Text)]
    return found[0] if len(found) == 1 else [{"type": "text", "text": text} for text in found]


def render_assistant(message: ir.Message, dialect: Dialect) -> dict[str, JSON]:
    # The texts of one turn are one piece of what the model wrote.
    text = "".join(block.text for block in message.content if isinstance(block, ir.Text))
    reasoning = "".join(block.text for block in message.content if isinstance(block, ir.Thinking))
    calls = [render_call(block) for block in message.content if isinstance(block, ir.ToolUse)]
    rendered: dict[str, JSON] = {"role": "assistant", "content": text or (dialect.empty_content if calls else "")}
    if reasoning:
        rendered["reasoning_content"] = reasoning
    if calls:
        rendered["tool_calls"] = calls
    return rendered


def render_call(call: ir.ToolUse) -> dict[str, JSON]:
    function = {"name": fit_name(call.name), "arguments": arguments.render(call.input)}
    return {"id": call.id, "type": "function", "function": function}


# Tools.


def render_tools(request: ir.Request) -> dict[str, JSON]:
    if not request.tools:
        return {}
    body: dict[str, JSON] = {"tools": [render_tool(tool) for tool in request.tools]}
    choice = request.tool_choice
    if choice is not None:
        body["tool_choice"] = CHOICES.get(choice.mode) or named(choice, request.tools)
        if not choice.parallel:
            body["parallel_tool_calls"] = False
    return body


def render_tool(tool: ir.Tool) -> JSON:
    function: dict[str, JSON] = {"name": fit_name(tool.name), "parameters": tool.input_schema}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def named(choice: ir.ToolChoice, tools: Iterable[ir.Tool]) -> JSON:
    if choice.name not in {tool.name for tool in tools}:
        raise Untranslatable("No tool has this name.", param="tool_choice.name", kind=Kind.INVALID_VALUE)
    return {"type": "function", "function": {"name": fit_name(choice.name)}}
