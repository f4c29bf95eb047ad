"""What the vendors' own clients make of our streams, answers and errors."""

from collections.abc import Mapping
from typing import Any

import anthropic
import httpx2
import msgspec
import openai
import pytest

from inference import ir
from inference.errors import BackendError, GatewayError, Kind
from inference.protocols import anthropic_messages, arguments, openai_chat
from inference.protocols.codec import Answering
from inference.protocols.folding import fold
from tests.inference import recordings

ANSWERING = Answering(request_id="req_1", model="asked", created=1790000000, include_usage=True)
USAGE = ir.Usage(7, 8, 4, 2)
ANSWERS: dict[str, list[ir.Event]] = {
    "text": [ir.Started(), ir.TextDelta("Hé "), ir.Ping(), ir.TextDelta("👋"), ir.Finished("end_turn", usage=USAGE)],
    "thinking": [
        ir.Started(),
        ir.ThinkingDelta("Let me "),
        ir.ThinkingDelta("see."),
        ir.TextDelta("Four"),
        ir.Finished("end_turn", usage=USAGE),
    ],
    "native thinking": [
        ir.Started(),
        ir.ThinkingDelta("Hm."),
        ir.ThinkingSigned("c2ln"),
        ir.ThinkingRedacted("b3BhcXVl"),
        ir.TextDelta("Four"),
        ir.Finished("end_turn", usage=USAGE),
    ],
    "parallel calls": [
        ir.Started(),
        ir.TextDelta("Looking."),
        ir.ToolStarted("t1", "get_weather"),
        ir.ToolDelta('{"city":'),
        ir.ToolDelta('"Paris"}'),
        ir.ToolStarted("t2", "list_files"),
        ir.ToolStarted("t3", "get_time"),
        ir.ToolDelta('{"zone":"CET"}'),
        ir.Finished("tool_use", usage=USAGE),
    ],
    "call then text": [
        ir.Started(),
        ir.ToolStarted("t1", "f"),
        ir.ToolDelta("{}"),
        ir.TextDelta("\n"),
        ir.TextDelta("Done."),
        ir.Finished("tool_use", usage=USAGE),
    ],
    "empty": [ir.Started(), ir.Finished("end_turn", usage=USAGE)],
    "refusal": [ir.Started(), ir.TextDelta("I"), ir.Finished("refusal", usage=USAGE)],
    "too long": [ir.Started(), ir.TextDelta("Once upon"), ir.Finished("max_tokens", usage=USAGE)],
}
FINISH_REASONS = {
    "refusal": "content_filter",
    "too long": "length",
    "parallel calls": "tool_calls",
    "call then text": "tool_calls",
}


STREAM = {"content-type": "text/event-stream"}
WHOLE = {"content-type": "application/json"}
USER: Any = [{"role": "user", "content": "x"}]


def http(body: bytes, headers: Mapping[str, str], status: int = 200) -> httpx2.Client:
    return httpx2.Client(
        transport=httpx2.MockTransport(lambda _: httpx2.Response(status, content=body, headers=headers))
    )


def openai_client(body: bytes, headers: Mapping[str, str], status: int = 200) -> openai.OpenAI:
    return openai.OpenAI(
        api_key="k", base_url="http://gateway/v1", http_client=http(body, headers, status), max_retries=0
    )


def anthropic_client(body: bytes, headers: Mapping[str, str], status: int = 200) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        api_key="k", base_url="http://gateway", http_client=http(body, headers, status), max_retries=0
    )


def openai_stream(body: bytes) -> Any:
    """What the client assembled: not its final completion, which raises for an answer that was cut or refused."""
    with (
        openai_client(body, STREAM) as client,
        client.chat.completions.stream(model="m", messages=USER, stream_options={"include_usage": True}) as stream,
    ):
        for _ in stream:
            pass
        return stream.current_completion_snapshot


def anthropic_stream(body: bytes) -> anthropic.types.Message:
    with (
        anthropic_client(body, STREAM) as client,
        client.messages.stream(model="m", max_tokens=9, messages=USER) as stream,
    ):
        return stream.get_final_message()


def check_openai(answer: Any, name: str) -> None:
    expected = fold(ANSWERS[name])
    (choice,) = answer.choices
    calls = [block for block in expected.content if isinstance(block, ir.ToolUse)]
    assert choice.message.content == text_of(expected) or (calls and choice.message.content is None)
    assert choice.finish_reason == FINISH_REASONS.get(name, "stop")
    told = [
        (call.id, call.function.name, arguments.parse(call.function.arguments))
        for call in choice.message.tool_calls or ()
    ]
    assert told == [(call.id, call.name, call.input) for call in calls]
    thinking = "".join(block.text for block in expected.content if isinstance(block, ir.Thinking))
    assert getattr(choice.message, "reasoning_content", "") == thinking
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (7, 8, 15)
    assert answer.usage.prompt_tokens_details.cached_tokens == 4
    assert (answer.model, answer.created) == ("asked", 1790000000)


def text_of(completion: ir.Completion) -> str:
    return "".join(block.text for block in completion.content if isinstance(block, ir.Text))


def check_anthropic(message: anthropic.types.Message, name: str) -> None:
    expected = fold(ANSWERS[name])
    shown = [block.model_dump(exclude_none=True) for block in message.content]
    rendered = msgspec.json.decode(anthropic_messages.render_completion(expected, ANSWERING))
    assert [strip(block) for block in shown] == [strip(block) for block in rendered["content"]]
    assert message.stop_reason == rendered["stop_reason"]
    assert message.usage.model_dump(exclude_none=True) == rendered["usage"]
    assert (message.model, message.role, message.type) == ("asked", "assistant", "message")


def strip(block: dict[str, Any]) -> dict[str, Any]:
    """White space between a call and words belongs to neither."""
    return block | {"text": block["text"].strip()} if "text" in block else block


@pytest.mark.parametrize("name", ANSWERS)
def test_openais_client_assembles_our_stream(name: str) -> None:
    check_openai(openai_stream(openai_chat.stream_renderer(ANSWERING).render(ANSWERS[name])), name)


@pytest.mark.parametrize("name", ANSWERS)
def test_openais_client_reads_our_answer(name: str) -> None:
    body = openai_chat.render_completion(fold(ANSWERS[name]), ANSWERING)
    with openai_client(body, WHOLE) as client:
        check_openai(client.chat.completions.create(model="m", messages=USER), name)


@pytest.mark.parametrize("name", ANSWERS)
def test_anthropics_client_assembles_our_stream(name: str) -> None:
    check_anthropic(anthropic_stream(anthropic_messages.stream_renderer(ANSWERING).render(ANSWERS[name])), name)


@pytest.mark.parametrize("name", ANSWERS)
def test_anthropics_client_reads_our_answer(name: str) -> None:
    body = anthropic_messages.render_completion(fold(ANSWERS[name]), ANSWERING)
    with anthropic_client(body, WHOLE) as client:
        check_anthropic(client.messages.create(model="m", max_tokens=9, messages=USER), name)


@pytest.mark.parametrize("name", recordings.ANTHROPIC)
def test_openais_client_assembles_what_anthropic_streamed(name: str) -> None:
    parser = anthropic_messages.stream_parser()
    events = [*parser.feed(recordings.read(name)), *parser.close()]
    answer = openai_stream(openai_chat.stream_renderer(ANSWERING).render(events))
    assert (answer.choices[0].message.content or "") == text_of(fold(events))


@pytest.mark.parametrize("name", recordings.OPENAI)
def test_anthropics_client_assembles_what_openai_streamed(name: str) -> None:
    parser = openai_chat.stream_parser()
    events = [*parser.feed(recordings.read(name)), *parser.close()]
    message = anthropic_stream(anthropic_messages.stream_renderer(ANSWERING).render(events))
    assert "".join(block.text for block in message.content if block.type == "text") == text_of(fold(events))


def test_native_thinking_reaches_openais_client_whole() -> None:
    answer = openai_stream(openai_chat.stream_renderer(ANSWERING).render(ANSWERS["native thinking"]))
    assert [block["type"] for block in answer.choices[0].message.thinking_blocks] == ["thinking", "redacted_thinking"]


BROKEN = BackendError(Kind.UPSTREAM_STREAM_TRUNCATED, "It broke.")


def test_openais_client_raises_the_error_in_a_stream() -> None:
    started = openai_chat.stream_renderer(ANSWERING).render(ANSWERS["text"][:2])
    with pytest.raises(openai.APIError) as caught:
        openai_stream(started + openai_chat.render_stream_error(BROKEN, "req_1"))
    assert (caught.value.code, caught.value.type) == ("upstream_stream_truncated", "server_error")


def test_anthropics_client_raises_the_error_in_a_stream() -> None:
    started = anthropic_messages.stream_renderer(ANSWERING).render(ANSWERS["text"][:2])
    with pytest.raises(anthropic.APIStatusError) as caught:
        anthropic_stream(started + anthropic_messages.render_stream_error(BROKEN, "req_1"))
    assert caught.value.type == "api_error"


@pytest.mark.parametrize("kind", Kind)
def test_openais_client_knows_the_error(kind: Kind) -> None:
    shown = openai_chat.render_error(GatewayError(kind, "Words.", param="messages[0].role"), "req_1")
    with openai_client(shown.body, WHOLE, shown.status) as client, pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="m", messages=USER)
    assert caught.value.status_code == shown.status
    assert caught.value.param == "messages[0].role"
    assert caught.value.code
    assert caught.value.type


@pytest.mark.parametrize("kind", Kind)
def test_anthropics_client_knows_the_error(kind: Kind) -> None:
    shown = anthropic_messages.render_error(GatewayError(kind, "Words."), "req_1")
    with anthropic_client(shown.body, WHOLE, shown.status) as client, pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(model="m", max_tokens=9, messages=USER)
    assert caught.value.status_code == shown.status
    assert str(caught.value.type) in str(shown.body)


def test_openais_client_passes_over_what_keeps_it_waiting() -> None:
    body = openai_chat.stream_renderer(ANSWERING).render(ANSWERS["text"])
    keepalive = openai_chat.KEEPALIVE
    check_openai(openai_stream(keepalive + body.replace(b"\n\n", b"\n\n" + keepalive)), "text")


def test_anthropics_client_passes_over_what_keeps_it_waiting() -> None:
    body = anthropic_messages.stream_renderer(ANSWERING).render(ANSWERS["text"])
    keepalive = anthropic_messages.KEEPALIVE
    check_anthropic(anthropic_stream(body.replace(b"\n\n", b"\n\n" + keepalive)), "text")
