"""A client's chat completions request to the neutral form."""

from collections.abc import Iterable

import msgspec

from inference import ir
from inference.errors import GatewayError, Kind, Untranslatable
from inference.protocols import arguments
from inference.protocols.decoding import decode
from inference.protocols.openai_chat import shapes
from inference.protocols.warnings import Warnings

REQUEST = msgspec.json.Decoder(shapes.Request)
CHOICES: dict[str, ir.ToolChoice] = {
    "auto": ir.ToolChoice("auto"),
    "none": ir.ToolChoice("none"),
    "required": ir.ToolChoice("any"),
}


def parse_request(body: bytes, warnings: Warnings) -> ir.Request:  # noqa: ARG001 - nothing is weakened yet
    """Raises GatewayError naming the field."""
    asked = decode(REQUEST, body)
    refuse(asked)
    system, messages = parse_messages(asked.messages)
    limit = asked.max_tokens if asked.max_completion_tokens is None else asked.max_completion_tokens
    return ir.Request(
        model=asked.model,
        messages=messages,
        system=system,
        tools=tuple(parse_tool(tool) for tool in offered(asked)),
        tool_choice=parse_tool_choice(asked),
        sampling=parse_sampling(asked),
        stop=tuple([asked.stop] if isinstance(asked.stop, str) else asked.stop or ()),
        max_tokens=limit,
        stream=bool(asked.stream),
        include_usage=bool(asked.stream_options and asked.stream_options.include_usage),
        reasoning=parse_reasoning(asked),
        user=asked.safety_identifier or asked.user,
    )


def refuse(asked: shapes.Request) -> None:
    """What nobody but OpenAI could answer."""
    if not asked.messages:
        raise GatewayError(Kind.INVALID_VALUE, "At least one message is required.", param="messages")
    for name in ("max_tokens", "max_completion_tokens"):
        limit = getattr(asked, name)
        if limit is not None and limit <= 0:
            raise GatewayError(Kind.INVALID_VALUE, "This field must be above 0.", param=name)
    structured = asked.response_format is not None and asked.response_format.type != "text"
    unsupported = {
        "n": (asked.n or 1) > 1,
        "logprobs": bool(asked.logprobs),
        "top_logprobs": bool(asked.top_logprobs),
        "modalities": "audio" in (asked.modalities or ()),
        "audio": asked.audio is not None,
        "functions": asked.functions is not None,
        "function_call": asked.function_call is not None,
        "response_format": structured,
    }
    for field, present in unsupported.items():
        if present:
            raise Untranslatable("This cannot be kept by the backend that answers this model.", param=field)


# Messages.


def parse_messages(messages: list[shapes.Message]) -> tuple[tuple[ir.Text, ...], tuple[ir.Message, ...]]:
    """The leading system texts, and everything after them."""
    system: list[ir.Text] = []
    parsed: list[ir.Message] = []
    for position, message in enumerate(messages):
        if not parsed and isinstance(message, shapes.SystemMessage | shapes.DeveloperMessage):
            system += texts(message.content)
        else:
            parsed.append(parse_message(message, f"messages[{position}]"))
    return tuple(system), tuple(parsed)


def parse_message(message: shapes.Message, path: str) -> ir.Message:
    match message:
        case shapes.SystemMessage() | shapes.DeveloperMessage():
            return ir.Message("system", texts(message.content))
        case shapes.UserMessage():
            return ir.Message("user", texts(message.content))
        case shapes.AssistantMessage():
            return parse_assistant(message, path)
        case shapes.ToolMessage():
            result = ir.ToolResult(message.tool_call_id, texts(message.content))
            return ir.Message("user", (result,))


def parse_assistant(message: shapes.AssistantMessage, path: str) -> ir.Message:
    for field, value in (("audio", message.audio), ("function_call", message.function_call)):
        if value is not None:
            raise Untranslatable("This cannot be translated.", param=f"{path}.{field}", kind=Kind.UNSUPPORTED_CONTENT)
    calls = tuple(parse_call(call) for call in message.tool_calls or ())
    refusal = (ir.Text(message.refusal),) if message.refusal else ()
    return ir.Message("assistant", (*parse_thinking(message), *texts(message.content), *refusal, *calls))


def parse_thinking(message: shapes.AssistantMessage) -> Iterable[ir.Block]:
    """The native blocks where an answer of ours had carried them, else the plain text."""
    for block in message.thinking_blocks or ():
        match block:
            case shapes.ThinkingBlock():
                yield ir.Thinking(block.thinking, block.signature)
            case shapes.RedactedThinkingBlock():
                yield ir.RedactedThinking(block.data)
    text = message.reasoning_content or message.reasoning
    if text and not message.thinking_blocks:
        yield ir.Thinking(text)


def parse_call(call: shapes.Call) -> ir.ToolUse:
    given = call.function.arguments
    return ir.ToolUse(
        id=call.id or "",
        name=call.function.name,
        input=given if isinstance(given, dict) else arguments.parse(given or ""),
    )


def texts(content: str | Iterable[shapes.TextPart | shapes.RefusalPart] | None) -> tuple[ir.Text, ...]:
    """Without parts that are empty, which Anthropic refuses."""
    if content is None or isinstance(content, str):
        parts: list[str] = [content or ""]
    else:
        parts = [part.text if isinstance(part, shapes.TextPart) else part.refusal for part in content]
    return tuple(ir.Text(part) for part in parts if part.strip())


# Tools and controls.


def offered(asked: shapes.Request) -> list[shapes.Tool]:
    """The tools that the choice allows."""
    tools = asked.tools or []
    if not isinstance(asked.tool_choice, shapes.AllowedChoice):
        return tools
    allowed = {tool.function.name for tool in asked.tool_choice.allowed_tools.tools}
    return [tool for tool in tools if tool.function.name in allowed]


def parse_tool(tool: shapes.Tool) -> ir.Tool:
    function = tool.function
    schema = {"type": "object"} | (function.parameters or {"properties": {}})
    return ir.Tool(function.name, schema, description=function.description, strict=function.strict)


def parse_tool_choice(asked: shapes.Request) -> ir.ToolChoice | None:
    if not asked.tools:
        return None
    parallel = asked.parallel_tool_calls is not False
    match asked.tool_choice:
        case None:
            choice = None if parallel else ir.ToolChoice()
        case shapes.NamedChoice(function=shapes.Name(name=name)):
            if name not in {tool.function.name for tool in asked.tools}:
                raise GatewayError(Kind.INVALID_VALUE, "No tool has this name.", param="tool_choice.function.name")
            choice = ir.ToolChoice("tool", name)
        case shapes.AllowedChoice(allowed_tools=allowed):
            choice = CHOICES[allowed.mode]
        case mode:
            choice = CHOICES[mode]
    return choice if choice is None or parallel else msgspec.structs.replace(choice, parallel=False)


def parse_sampling(asked: shapes.Request) -> ir.Sampling:
    return ir.Sampling(
        temperature=asked.temperature,
        top_p=asked.top_p,
        top_k=asked.top_k,
        min_p=asked.min_p,
        frequency_penalty=asked.frequency_penalty,
        presence_penalty=asked.presence_penalty,
        seed=asked.seed,
        logit_bias=asked.logit_bias,
    )


def parse_reasoning(asked: shapes.Request) -> ir.Reasoning | None:
    if asked.thinking is not None:
        return ir.Reasoning(enabled=asked.thinking.type in ("enabled", "adaptive"), budget=asked.thinking.budget_tokens)
    if asked.reasoning_effort is None:
        return None
    if asked.reasoning_effort == "none":
        return ir.Reasoning(enabled=False)
    return ir.Reasoning(enabled=True, effort=asked.reasoning_effort)
