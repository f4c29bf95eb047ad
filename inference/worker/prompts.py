"""A request to the tokens of a prompt: a conversation through the model's own chat template, or a text as it stands."""

import logging
import math
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols.native import Job
from inference.worker.adapter import TokenizerWrapper

log = logging.getLogger(__name__)

# What templates read: their vocabulary is that of OpenAI's chat messages.
type Turn = dict[str, Any]

INSTRUCTION = "[system instruction]"
# Characters a token may well spell: a text is looked at more closely only beyond that.
USUAL_TOKEN = 16


@dataclass(frozen=True, slots=True)
class Prompt:
    """`thinks`: the prompt itself opens the thinking. `goes_on`: it ends inside a text that is to be continued.

    `echo` is what the answer has to begin with.
    """

    tokens: list[int]
    thinks: bool
    goes_on: bool
    echo: str = ""


def render(job: Job, tokenizer: TokenizerWrapper, *, most: int) -> Prompt:
    """Raises GatewayError where the model cannot read the prompt, or its template not express the conversation.

    A text that must have more than `most` tokens is refused unread; one that merely has may come back.
    """
    if job.prompt is not None:
        return raw(job.prompt, tokenizer, echo=job.echo, most=most)
    if not tokenizer.has_chat_template:
        raise GatewayError(Kind.UNSUPPORTED_ENDPOINT, "This model has no chat template: it completes text only.")
    text = render_text(job, tokenizer)
    thinks = tokenizer.has_thinking and text.rstrip().endswith(tokenizer.think_start)
    begun = beginning(job.request)
    if begun and thinks:
        text, thinks = f"{text}{tokenizer.think_end}\n\n", False
    check_length(text, tokenizer, most, param="messages")
    # The template has written the special tokens itself.
    tokens: list[int] = tokenizer.encode(text + begun, add_special_tokens=False)
    if not tokens:
        raise GatewayError(Kind.INVALID_VALUE, "The prompt is empty.", param="messages")
    return Prompt(tokens, thinks, bool(begun))


def raw(prompt: str | tuple[int, ...], tokenizer: TokenizerWrapper, *, echo: bool, most: int) -> Prompt:
    if isinstance(prompt, str):
        check_length(prompt, tokenizer, most, param="prompt")
        tokens = tokenizer.encode(prompt, verbose=False)
    else:
        tokens = check_tokens(prompt, len(tokenizer), param="prompt")
    if not tokens:
        raise GatewayError(Kind.INVALID_VALUE, "The prompt is empty.", param="prompt")
    text = prompt if isinstance(prompt, str) else tokenizer.decode(tokens) if echo else ""
    return Prompt(tokens, thinks=False, goes_on=True, echo=text if echo else "")


def check_length(text: str, tokenizer: TokenizerWrapper, most: int, *, param: str) -> None:
    """Raises GatewayError by the length alone: to tokenize many megabytes takes minutes."""
    if len(text) <= most * USUAL_TOKEN:
        return
    least = math.ceil(len(text) / max(map(len, tokenizer.get_vocab())))
    if least > most:
        message = f"prompt is too long: {least} tokens > {most} maximum"
        raise GatewayError(Kind.CONTEXT_LENGTH_EXCEEDED, message, param=param)


def check_tokens(tokens: tuple[int, ...], vocabulary: int, *, param: str) -> list[int]:
    """Raises GatewayError: MLX would read past the end of the embeddings."""
    if not all(0 <= token < vocabulary for token in tokens):
        message = f"This has a token that the model does not have: they are below {vocabulary}."
        raise GatewayError(Kind.INVALID_VALUE, message, param=param)
    return list(tokens)


def beginning(request: ir.Request) -> str:
    """The answer's beginning, where the conversation ends with one."""
    last = request.messages[-1] if request.messages else None
    if last is None or last.role != "assistant":
        return ""
    if any(isinstance(block, ir.ToolUse) for block in last.content):
        message = "The conversation ends with a tool call: its result is missing."
        raise GatewayError(Kind.PREFILL_UNSUPPORTED, message, param="messages")
    return "".join(block.text for block in last.content if isinstance(block, ir.Text))


def render_text(job: Job, tokenizer: TokenizerWrapper, *, opens: bool = True) -> str:
    """`opens`: with what begins an answer.

    Many templates refuse a system message, or one that is not the first: those get the folded turns.
    """
    try:
        return apply_template(turns(job.request), job, tokenizer, opens=opens)
    except GatewayError:
        if not job.request.system and all(message.role != "system" for message in job.request.messages):
            raise
        return apply_template(folded_turns(job.request), job, tokenizer, opens=opens)


def apply_template(conversation: list[Turn], job: Job, tokenizer: TokenizerWrapper, *, opens: bool) -> str:
    # An answer that has begun is past its thinking.
    thinking = False if beginning(job.request) else job.thinking
    choices: dict[str, bool] = {} if thinking is None else {"enable_thinking": thinking}
    try:
        text: str = tokenizer.apply_chat_template(
            conversation, tools=tools(job.request) or None, tokenize=False, add_generation_prompt=opens, **choices
        )
    except Exception as error:
        # The template is the model author's program: it can fail in any way.
        log.warning("chat template failed error=%s", type(error).__name__)
        reason = str(error) if isinstance(error, TemplateError) else type(error).__name__
        message = f"The model's chat template cannot render this conversation ({reason})."
        raise GatewayError(Kind.INVALID_VALUE, message, param="messages") from error
    return text


def tools(request: ir.Request) -> list[Turn]:
    """The tools the model may call now, as templates and tool parsers read them."""
    if request.tool_choice is not None and request.tool_choice.mode == "none":
        return []
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description or "", "parameters": tool.input_schema},
        }
        for tool in request.tools
    ]


def turns(request: ir.Request) -> list[Turn]:
    """The conversation, but for the beginning of the answer."""
    messages = request.messages[:-1] if beginning(request) else request.messages
    system = "\n\n".join(text.text for text in request.system)
    first: list[Turn] = [{"role": "system", "content": system}] if system else []
    return first + [turn for message in messages for turn in message_turns(message)]


def folded_turns(request: ir.Request) -> list[Turn]:
    """The same conversation without system messages: they stand where they stood, as the user's, marked."""
    folded: list[Turn] = []
    for turn in turns(request):
        if turn["role"] == "system":
            turn = {"role": "user", "content": f"{INSTRUCTION}\n{turn['content']}"}  # noqa: PLW2901
        if folded and turn["role"] == folded[-1]["role"] == "user":
            folded[-1] = {"role": "user", "content": f"{folded[-1]['content']}\n\n{turn['content']}"}
        else:
            folded.append(turn)
    return folded


def result_text(result: ir.ToolResult) -> str:
    return "".join(part.text for part in result.content if isinstance(part, ir.Text))


def message_turns(message: ir.Message) -> list[Turn]:
    """One message to turns: tool results become turns of their own, ahead of what else the message says."""
    results = [
        {"role": "tool", "tool_call_id": block.tool_use_id, "content": result_text(block)}
        for block in message.content
        if isinstance(block, ir.ToolResult)
    ]
    text = "".join(block.text for block in message.content if isinstance(block, ir.Text))
    calls = [
        {"type": "function", "id": block.id, "function": {"name": block.name, "arguments": block.input}}
        for block in message.content
        if isinstance(block, ir.ToolUse)
    ]
    thoughts = "".join(block.text for block in message.content if isinstance(block, ir.Thinking))
    turn: Turn = {"role": message.role, "content": text}
    if calls:
        turn["tool_calls"] = calls
    if thoughts:
        turn["reasoning_content"] = thoughts
    return [*results, turn] if text or calls or not results else list(results)
