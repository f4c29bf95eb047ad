"""What a local server must do by OpenAI's chat protocol, shown with the demo model."""

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from benchmarks.faults.check import Ask
from benchmarks.faults.checks.tools import openai_tool
from benchmarks.faults.grammar import events, openai_chunks
from benchmarks.faults.local import Local

COUNT = "Count to 20."
CAPITAL = "What is the capital of France?"
WEATHER = "What is the weather in Paris?"
TOOLS = [openai_tool("get_weather")]
# Not likely to end by itself before its tokens are spent.
LONG = "Repeat after me: " + "lorem ipsum dolor sit amet consectetur " * 20
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}

type Shown = Callable[[Local], None]


def answers(local: Local) -> None:
    assert "Paris" in local.ask(CAPITAL).text, "not the capital"


def streams(local: Local) -> None:
    outcome = local.send(Ask("openai", "openai", stream=True, body={"stream_options": {"include_usage": True}}))
    chunks = openai_chunks(outcome.reply.body)
    assert chunks[0]["choices"][0]["delta"].get("role") == "assistant", "the first chunk names no role"
    assert chunks[-1]["choices"] == [], "the last chunk is not that of the usage"
    assert chunks[-1]["usage"]["total_tokens"] > 0, "no usage"


def no_usage_unasked(local: Local) -> None:
    body = local.reply(stream=True).body
    assert all(json.loads(data)["choices"] for _, data in events(body) if data != "[DONE]"), "a chunk without a choice"


def stops(local: Local) -> None:
    heard = local.ask(COUNT, stop=["7"])
    assert heard.ended == "stop", f"it ended with {heard.ended}"
    assert heard.text.rstrip().endswith("6"), f"the text is {heard.text!r}"


def stops_between_tokens(local: Local) -> None:
    text = local.ask(COUNT, stop="5 6 7").text
    assert text.rstrip().endswith("4"), f"the text is {text!r}"


def stops_in_a_stream(local: Local) -> None:
    text = local.ask(COUNT, stream=True, stop=["5 6 7"]).text
    assert text.rstrip().endswith("4"), f"the text is {text!r}"


def keeps_to_max_tokens(local: Local) -> None:
    heard = local.ask(COUNT, max_tokens=5)
    assert heard.ended == "length", f"it ended with {heard.ended}"
    assert heard.usage.completion_tokens == 5, f"{heard.usage.completion_tokens} tokens"


def counts_tokens(local: Local) -> None:
    usage = local.ask(COUNT).usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, f"the sum is {usage.total_tokens}"


def calls_a_tool(local: Local) -> None:
    heard = local.ask(WEATHER, tools=TOOLS)
    assert [call.name for call in heard.calls] == ["get_weather"], f"the calls are {heard.calls}"
    assert json.loads(heard.calls[0].arguments) == {"city": "Paris"}, f"the arguments are {heard.calls[0].arguments}"
    assert heard.ended == "tool_calls", f"it ended with {heard.ended}"


def calls_a_tool_in_a_stream(local: Local) -> None:
    heard = local.ask(WEATHER, stream=True, tools=TOOLS)
    assert json.loads(heard.calls[0].arguments) == {"city": "Paris"}, f"the arguments are {heard.calls[0].arguments}"
    assert heard.ended == "tool_calls", f"it ended with {heard.ended}"


def calls_none(local: Local) -> None:
    heard = local.ask(WEATHER, tools=TOOLS, tool_choice="none")
    assert not heard.calls, f"the calls are {heard.calls}"


def must_call(local: Local) -> None:
    """A tool is called, or the client is told that it cannot be forced."""
    outcome = local.send(Ask("openai", "openai", body={"tools": TOOLS, "tool_choice": "required"}))
    if outcome.reply.status == 200:
        assert '"tool_calls"' in outcome.reply.body.decode(), "no call, and no error"
    else:
        assert outcome.reply.status in (400, 422), f"status {outcome.reply.status}"


def keeps_the_schema(local: Local) -> None:
    """The answer is such JSON, or the client is told that it cannot be."""
    shape = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}
    outcome = local.send(Ask("openai", "openai", body={"response_format": shape, "max_tokens": 100, "temperature": 0}))
    if outcome.reply.status == 200:
        choice = json.loads(outcome.reply.body)["choices"][0]
        text = choice["message"]["content"]
        assert text.startswith("{"), f"not JSON, and no error: {text[:60]!r}"
        # What max_tokens has cut is no whole JSON, and says so.
        if choice["finish_reason"] != "length":
            assert set(json.loads(text)) == {"city"}, f"another shape: {text[:60]!r}"
    else:
        assert outcome.reply.status in (400, 422), f"status {outcome.reply.status}"


def keeps_a_seed(local: Local) -> None:
    texts = {local.ask(seed=7, temperature=2, max_tokens=60).text for _ in range(4)}
    assert len(texts) == 1, "the same seed, different texts"


def varies_without_a_seed(local: Local) -> None:
    texts = {local.ask(temperature=2, max_tokens=60).text for _ in range(6)}
    assert len(texts) > 1, "no seed, but always the same text"


def makes_two_choices(local: Local) -> None:
    outcome = local.send(Ask("openai", "openai", body={"n": 2}))
    if outcome.reply.status == 200:
        assert len(json.loads(outcome.reply.body)["choices"]) == 2, "one choice, and no error"
    else:
        assert outcome.reply.status in (400, 422), f"status {outcome.reply.status}"


def sees_or_refuses(local: Local) -> None:
    local.refuses(messages=[{"role": "user", "content": [{"type": "text", "text": "What is it?"}, PICTURE]}])


def reads_parts(local: Local) -> None:
    parts = [{"type": "text", "text": CAPITAL}]
    heard = local.ask(messages=[{"role": "user", "content": parts}])
    assert "Paris" in heard.text, f"the text is {heard.text!r}"


def reads_results(local: Local) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
    said = {"role": "assistant", "content": None, "tool_calls": [call]}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "rainy"}
    heard = local.ask(messages=[{"role": "user", "content": WEATHER}, said, result], tools=TOOLS)
    assert heard.text.strip().startswith("The result is"), f"the text is {heard.text!r}"


def reads_empty_arguments(local: Local) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": ""}}
    said = {"role": "assistant", "content": "", "tool_calls": [call]}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "rainy"}
    local.ask(messages=[{"role": "user", "content": WEATHER}, said, result], tools=TOOLS)


def too_long_a_prompt(local: Local) -> None:
    local.refuses(messages=[{"role": "user", "content": "word " * 6_000}])


def many_at_once(local: Local) -> None:
    capitals = {"France": "Paris", "Italy": "Rome", "Japan": "Tokyo", "Spain": "Madrid"}
    with ThreadPoolExecutor(len(capitals)) as pool:
        texts = list(pool.map(lambda country: local.ask(f"What is the capital of {country}?").text, capitals))
    wrong = [text for text, capital in zip(texts, capitals.values(), strict=True) if capital not in text]
    assert not wrong, f"mixed or spoiled: {wrong}"


def leaves(local: Local, *, stream: bool) -> None:
    """A second after four clients hung up the server rests. Their answers were far from done: an end is forbidden."""
    messages = [{"role": "user", "content": LONG}]
    body = {"messages": messages, "max_tokens": 3400, "temperature": 1.9, "logit_bias": {"2": -100}}
    ask = Ask("openai", "openai", stream=stream, body=body, leave=0.5)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(local.send, [ask] * 4))
    time.sleep(1)
    used = local.busy(0.5)
    assert used < 0.2, f"{used:.1f} s of processor time in the half second after"


def serves_after_leaving(local: Local) -> None:
    for _ in range(3):
        local.send(
            Ask("openai", "openai", stream=True, body={"messages": [{"role": "user", "content": LONG}]}, leave=0.05)
        )
    answers(local)


def lists_models(local: Local) -> None:
    reply = local.send(Ask("openai", "openai", method="GET", path="/v1/models")).reply
    assert json.loads(reply.body)["object"] == "list", "not a list"


LOCAL_ANSWERS: Mapping[str, Shown] = {
    "an answer": answers,
    "a stream by OpenAI's grammar": streams,
    "no usage chunk unless asked for": no_usage_unasked,
    "a stop text": stops,
    "a stop text across tokens": stops_between_tokens,
    "a stop text in a stream": stops_in_a_stream,
    "max_tokens": keeps_to_max_tokens,
    "usage adds up": counts_tokens,
    "a tool is called": calls_a_tool,
    "a tool is called in a stream": calls_a_tool_in_a_stream,
    "tool_choice none": calls_none,
    "tool_choice required": must_call,
    "a schema is kept or refused": keeps_the_schema,
    "a seed repeats its text": keeps_a_seed,
    "no seed, no repetition": varies_without_a_seed,
    "two choices are made or refused": makes_two_choices,
    "an image is seen or refused": sees_or_refuses,
    "content in parts": reads_parts,
    "a result of a tool": reads_results,
    "empty arguments in the history": reads_empty_arguments,
    "four at once": many_at_once,
    "a list of models": lists_models,
    "a client that leaves a stream frees the model": lambda local: leaves(local, stream=True),
    "a client that leaves a plain answer frees the model": lambda local: leaves(local, stream=False),
    "clients that left cost no later one": serves_after_leaving,
    "a prompt that is too long": too_long_a_prompt,
}
