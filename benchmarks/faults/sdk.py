"""What the vendors' SDKs make of a reply: its bytes are played to them once more."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx2
import openai

from benchmarks.faults.check import Reply

MESSAGES: Any = [{"role": "user", "content": "Hi"}]
OF_THE_TRANSFER = {"content-encoding", "content-length", "transfer-encoding", "connection"}


@dataclass(frozen=True, slots=True)
class Call:
    id: str
    name: str
    arguments: Any


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer, whichever SDK read it. `usage` is the vendor's own object."""

    text: str
    thinking: str
    calls: tuple[Call, ...]
    ended: str | None
    usage: Any
    whole: Any


def hear_openai(reply: Reply, *, stream: bool) -> Heard:
    """Raises what the SDK raises."""
    with openai.OpenAI(base_url="http://played", api_key="any", max_retries=0, http_client=played(reply)) as client:
        if stream:
            with client.chat.completions.stream(model="m", messages=MESSAGES) as events:
                whole: Any = last_of(events)
        else:
            whole = client.chat.completions.create(model="m", messages=MESSAGES)
    [choice] = whole.choices
    message = choice.message
    thinking = getattr(message, "reasoning_content", None) or ""
    calls = tuple(Call(one.id, one.function.name, one.function.arguments) for one in message.tool_calls or ())
    return Heard(message.content or "", thinking, calls, choice.finish_reason, whole.usage, whole)


def last_of(events: Any) -> Any:
    """The helper raises for an answer cut by its length or a filter; what it has read is there all the same."""
    try:
        return events.get_final_completion()
    except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
        return events.current_completion_snapshot


def hear_anthropic(reply: Reply, *, stream: bool) -> Heard:
    """Raises what the SDK raises."""
    asked: Any = {"model": "m", "max_tokens": 10, "messages": MESSAGES}
    with anthropic.Anthropic(
        base_url="http://played", api_key="any", max_retries=0, http_client=played(reply)
    ) as client:
        if stream:
            with client.messages.stream(**asked) as events:
                whole: Any = events.get_final_message()
        else:
            whole = client.messages.create(**asked)
    text = "".join(block.text for block in whole.content if block.type == "text")
    thinking = "".join(block.thinking for block in whole.content if block.type == "thinking")
    calls = tuple(Call(block.id, block.name, block.input) for block in whole.content if block.type == "tool_use")
    return Heard(text, thinking, calls, whole.stop_reason, whole.usage, whole)


def played(reply: Reply) -> httpx2.Client:
    headers = [(name, value) for name, value in reply.headers if name.lower() not in OF_THE_TRANSFER]

    def again() -> Iterator[bytes]:
        yield reply.body
        if reply.broken:
            raise httpx2.RemoteProtocolError(reply.broken)

    return httpx2.Client(
        transport=httpx2.MockTransport(lambda _: httpx2.Response(reply.status, headers=headers, content=again()))
    )
