"""The conversation of the neutral form as chat completions messages."""

from collections.abc import Iterable

from inference import ir
from inference.ir import JSON
from inference.protocols import arguments
from inference.protocols.codec import Aim
from inference.protocols.documents import document_text, is_pdf
from inference.protocols.names import fit_name
from inference.protocols.openai_chat.content_rendering import breakpoint_of, render_content, text_part, unseen
from inference.protocols.turns import nothing_said, paired
from routing.profile import Profile

TOOL_ERROR = "[tool error] "
# A tool message holds text only: what else a result shows stands in the user message behind the last of them.
SHOWN_BELOW = "[{} shown in the next user message]"
SHOWN_HERE = "[from the result of tool call {}]"


def render_messages(request: ir.Request, aim: Aim) -> Iterable[dict[str, JSON]]:
    """Raises Untranslatable."""
    profile = aim.profile
    if request.system:
        yield {"role": profile.system_role, "content": render_content(request.system, profile)}
    turns = paired((readable(message, profile) for message in request.messages), aim.warnings)
    for message in turns or [nothing_said(aim.warnings)]:
        match message.role:
            case "assistant":
                yield render_assistant(message, profile)
            case "system":
                yield {"role": profile.system_role, "content": render_content(visible(message), profile)}
            case "user":
                yield from render_user(message, profile)


def readable(message: ir.Message, profile: Profile) -> ir.Message:
    """Without thinking that the upstream cannot read. Whose signature it bears does not matter: none is sent."""
    if message.role != "assistant":
        return message
    kept = (
        block
        for block in message.content
        if not isinstance(block, ir.RedactedThinking)
        and (not isinstance(block, ir.Thinking) or (block.text and profile.reasoning_field is not None))
    )
    return ir.Message(message.role, tuple(kept))


def visible(message: ir.Message) -> Iterable[ir.ResultPart]:
    return (block for block in message.content if isinstance(block, ir.Text | ir.Image | ir.Document))


# The user, and the tools' results.


def render_user(message: ir.Message, profile: Profile) -> Iterable[dict[str, JSON]]:
    shown: list[ir.ResultPart] = []
    for block in message.content:
        if isinstance(block, ir.ToolResult):
            yield {"role": "tool", "tool_call_id": block.tool_use_id, "content": render_result(block, profile)}
            shown += shown_below(block)
    shown += visible(message)
    if shown:
        yield {"role": "user", "content": render_content(shown, profile)}


def render_result(result: ir.ToolResult, profile: Profile) -> JSON:
    text = "\n".join(result_text(part) for part in result.content)
    if result.is_error and not text.lower().startswith("error"):
        text = TOOL_ERROR + text
    cache = breakpoint_of(result.cache, profile)
    return [text_part(text) | cache] if cache else text


def result_text(part: ir.ResultPart) -> str:
    match part:
        case ir.Text(text=text):
            return text
        case ir.Document() if not is_pdf(part):
            return document_text(part)
        case ir.Image():
            return SHOWN_BELOW.format("image")
        case ir.Document():
            return SHOWN_BELOW.format("document")


def shown_below(result: ir.ToolResult) -> list[ir.ResultPart]:
    found = [
        part
        for part in result.content
        if isinstance(part, ir.Image) or (isinstance(part, ir.Document) and is_pdf(part))
    ]
    return [ir.Text(SHOWN_HERE.format(result.tool_use_id)), *found] if found else []


# The assistant.


def render_assistant(message: ir.Message, profile: Profile) -> dict[str, JSON]:
    # The texts of one turn are one piece of what the model wrote.
    text = "".join(spoken(block) for block in message.content)
    reasoning = "".join(block.text for block in message.content if isinstance(block, ir.Thinking))
    calls = [render_call(block, profile) for block in message.content if isinstance(block, ir.ToolUse)]
    nothing = None if calls and profile.null_content else ""
    rendered: dict[str, JSON] = {"role": "assistant", "content": text or nothing}
    if profile.reasoning_field is not None and (reasoning or (calls and profile.reasoning_with_calls)):
        rendered[profile.reasoning_field] = reasoning
    if calls:
        rendered["tool_calls"] = calls
    return rendered


def spoken(block: ir.Block) -> str:
    match block:
        case ir.Text(text=text):
            return text
        case ir.Document() if not is_pdf(block):
            return document_text(block)
        case ir.Image() | ir.Document():
            raise unseen("An assistant's message can hold text only.", block.path)
        case _:
            return ""


def render_call(call: ir.ToolUse, profile: Profile) -> dict[str, JSON]:
    function = {"name": fit_name(call.name, profile.tool_name_max), "arguments": arguments.render(call.input)}
    return {"id": call.id, "type": "function", "function": function}
