"""What the tests ask, through the vendors' own SDKs, and what they read from the answers. The same for both SDKs."""

import itertools
import json
from dataclasses import dataclass
from typing import Any, Literal

import anthropic
import openai

type Ask = Literal["openai", "anthropic"]

CAPITAL = "What is the capital of France?"
WEATHER = "What is the weather in Paris?"
# A piece of an OpenAI stream, for upstreams that send it again and again.
CHUNK = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt",'
    b'"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n'
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}

_numbers = itertools.count()


def fresh(beginning: str) -> str:
    """A model's name that no other test has asked for: what fails there makes nothing cool down that others need."""
    return f"{beginning}-{next(_numbers)}"


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer, whichever SDK read it."""

    text: str
    calls: list[tuple[str, dict[str, Any]]]
    ended: str
    input_tokens: int
    output_tokens: int


def ask_openai(client: openai.OpenAI, model: str, question: str, *, stream: bool, tools: bool = False) -> Heard:
    offered: Any = (
        [
            {
                "type": "function",
                "function": {"name": "get_weather", "description": "Get the weather", "parameters": SCHEMA},
            }
        ]
        if tools
        else openai.NOT_GIVEN
    )
    messages: Any = [{"role": "user", "content": question}]
    if stream:
        with client.chat.completions.stream(
            model=model, messages=messages, tools=offered, stream_options={"include_usage": True}
        ) as events:
            for _ in events:
                pass
            completion: Any = events.get_final_completion()
    else:
        completion = client.chat.completions.create(model=model, messages=messages, tools=offered)
    [choice] = completion.choices
    assert completion.usage is not None
    return Heard(
        text=choice.message.content or "",
        calls=[(c.function.name, json.loads(c.function.arguments)) for c in choice.message.tool_calls or []],
        ended=choice.finish_reason,
        input_tokens=completion.usage.prompt_tokens,
        output_tokens=completion.usage.completion_tokens,
    )


def ask_anthropic(
    client: anthropic.Anthropic, model: str, question: str, *, stream: bool, tools: bool = False
) -> Heard:
    offered: Any = (
        [{"name": "get_weather", "description": "Get the weather", "input_schema": SCHEMA}]
        if tools
        else anthropic.NOT_GIVEN
    )
    messages: Any = [{"role": "user", "content": question}]
    if stream:
        with client.messages.stream(model=model, messages=messages, tools=offered, max_tokens=100) as events:
            message: Any = events.get_final_message()
    else:
        message = client.messages.create(model=model, messages=messages, tools=offered, max_tokens=100)
    return Heard(
        text="".join(block.text for block in message.content if block.type == "text"),
        calls=[(block.name, block.input) for block in message.content if block.type == "tool_use"],
        ended=message.stop_reason,
        input_tokens=message.usage.input_tokens,
        output_tokens=message.usage.output_tokens,
    )
