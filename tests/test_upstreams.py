"""The test upstreams answer as the vendors do: the vendors' own SDKs understand them."""

import json

import anthropic
import openai
import pytest

from tests.upstreams import Upstream
from tests.vendor_answers import TEXT

WEATHER = "What is the weather in Paris?"
SCHEMA: dict[str, object] = {"type": "object", "properties": {"city": {"type": "string"}}}


@pytest.fixture
def openai_client(upstream: Upstream) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{upstream.url}/v1", api_key="any", max_retries=0)


@pytest.fixture
def anthropic_client(upstream: Upstream) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=upstream.url, api_key="any", max_retries=0)


@pytest.mark.parametrize(("prompt", "text"), [("Hi", TEXT), (WEATHER, None)])
def test_openais_sdk_reads_a_plain_answer(openai_client: openai.OpenAI, prompt: str, text: str | None) -> None:
    answer = openai_client.chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": prompt}],
        tools=[{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}],
    )
    choice = answer.choices[0]
    assert choice.message.content == text
    assert choice.finish_reason == ("stop" if text else "tool_calls")
    if text is None:
        assert choice.message.tool_calls is not None
        call = choice.message.tool_calls[0]
        assert call.type == "function"
        assert json.loads(call.function.arguments) == {"city": "Paris"}


@pytest.mark.parametrize(("prompt", "text"), [("Hi", TEXT), (WEATHER, None)])
def test_openais_sdk_reads_a_stream(openai_client: openai.OpenAI, prompt: str, text: str | None) -> None:
    with openai_client.chat.completions.stream(
        model="m",
        messages=[{"role": "user", "content": prompt}],
        tools=[{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}],
        stream_options={"include_usage": True},
    ) as stream:
        answer = stream.get_final_completion()
    message = answer.choices[0].message
    assert (message.content or None) == text
    if text is None:
        assert message.tool_calls is not None
        assert json.loads(message.tool_calls[0].function.arguments) == {"city": "Paris"}
    assert answer.usage is not None
    assert answer.usage.total_tokens == 16


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("prompt", ["Hi", WEATHER])
def test_anthropics_sdk_reads_an_answer(anthropic_client: anthropic.Anthropic, prompt: str, stream: bool) -> None:
    request = anthropic_client.messages.stream if stream else anthropic_client.messages.create
    answer = request(
        model="m",
        max_tokens=9,
        messages=[{"role": "user", "content": prompt}],
        tools=[{"name": "get_weather", "input_schema": SCHEMA}],
    )
    if isinstance(answer, anthropic.MessageStreamManager):
        with answer as events:
            answer = events.get_final_message()
    block = answer.content[0]
    if prompt == WEATHER:
        assert block.type == "tool_use"
        assert (block.name, block.input, answer.stop_reason) == ("get_weather", {"city": "Paris"}, "tool_use")
    else:
        assert block.type == "text"
        assert (block.text, answer.stop_reason) == (TEXT, "end_turn")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (12, 4)
