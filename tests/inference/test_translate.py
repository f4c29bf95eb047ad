"""Exchanges between two protocols: what a backend is sent, and what its answer becomes for the client."""

import json
from typing import Any

import pytest

from inference import ir, translate
from inference.errors import BackendError, GatewayError, Kind, Untranslatable
from tests.inference import recordings
from tests.inference.exchanges import (
    ANTHROPIC,
    COMPLETION,
    CONTENTS,
    ERRORS,
    HEADS,
    NATIVE,
    OPENAI,
    PAIRS,
    Asked,
    ask,
    read_stream,
    run,
    streamed,
    whole,
)

CLOUD = [pair for pair in PAIRS if pair[1] != NATIVE]
LONG_NAME = "mcp__" + "server_" * 10 + "tool"


def essence(completion: ir.Completion) -> tuple[object, ...]:
    """Without signatures, which are minted on the way to an Anthropic client."""
    content = [block.text if isinstance(block, ir.Thinking) else block for block in completion.content]
    return (content, completion.stop_reason, completion.usage)


@pytest.mark.parametrize(("client", "backend"), PAIRS)
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_stream_reaches_the_client_as_its_own(client: str, backend: str, size: int) -> None:
    asked = ask(client, stream=True, **({"stream_options": {"include_usage": True}} if client == OPENAI else {}))
    stream = translate.begin(asked, backend, "target").stream(True)
    out = run(stream, recordings.cut(streamed(backend, COMPLETION), size))
    assert essence(read_stream(client, out)) == essence(COMPLETION)
    assert stream.usage == COMPLETION.usage


@pytest.mark.parametrize(("client", "backend"), PAIRS)
def test_a_stream_is_folded_for_a_client_that_wants_it_whole(client: str, backend: str) -> None:
    exchange = translate.begin(ask(client), backend, "target")
    body = exchange.plain(streamed(backend, COMPLETION), is_stream=True)
    assert essence(translate.PLAIN_CODECS[client].parse_completion(body)) == essence(COMPLETION)
    assert exchange.usage == COMPLETION.usage


@pytest.mark.parametrize(("client", "backend"), CLOUD)
def test_a_whole_answer_is_unfolded_for_a_client_that_wants_a_stream(client: str, backend: str) -> None:
    stream = translate.begin(ask(client, stream=True), backend, "target").stream(False)
    out = run(stream, recordings.cut(whole(backend, COMPLETION), 5))
    returned = read_stream(client, out)
    assert essence(returned)[:2] == essence(COMPLETION)[:2]


@pytest.mark.parametrize(("client", "backend"), CLOUD)
def test_a_whole_answer_reaches_the_client_as_its_own(client: str, backend: str) -> None:
    exchange = translate.begin(ask(client), backend, "target")
    body = exchange.plain(whole(backend, COMPLETION), is_stream=False)
    assert essence(translate.PLAIN_CODECS[client].parse_completion(body)) == essence(COMPLETION)
    assert exchange.usage == COMPLETION.usage


@pytest.mark.parametrize(("backend", "endpoint"), [(OPENAI, "chat/completions"), (ANTHROPIC, "messages"), (NATIVE, "")])
def test_each_backend_has_its_endpoint(backend: str, endpoint: str) -> None:
    assert translate.begin(ask(OPENAI), backend, "target").endpoint == endpoint


@pytest.mark.parametrize(("client", "backend"), [(OPENAI, ANTHROPIC), (ANTHROPIC, OPENAI)])
def test_a_tools_long_name_is_shortened_and_restored(client: str, backend: str) -> None:
    tool: dict[str, Any] = {"name": LONG_NAME, "input_schema": {"type": "object"}}
    if client == OPENAI:
        tool = {"type": "function", "function": {"name": LONG_NAME}}
    exchange = translate.begin(ask(client, tools=[tool]), backend, "target")
    sent = json.loads(exchange.request)["tools"][0]
    name = sent["name"] if backend == ANTHROPIC else sent["function"]["name"]
    assert len(name) <= 64
    answer = ir.Completion("", (ir.ToolUse("t", name, {}),), "tool_use")
    (call,) = (
        translate.PLAIN_CODECS[client].parse_completion(exchange.plain(whole(backend, answer), is_stream=False)).content
    )
    assert isinstance(call, ir.ToolUse)
    assert call.name == LONG_NAME
    out = run(exchange.stream(True), [streamed(backend, answer)])
    assert LONG_NAME.encode() in out
    assert name.encode() not in out


def test_a_body_that_is_ambiguous_is_refused_only_where_it_is_read() -> None:
    asked = Asked(OPENAI, b'{"model":"asked","messages":[{"role":"user","role":"user","content":"x"}]}')
    assert translate.begin(asked, OPENAI, "asked").request == asked.body
    with pytest.raises(GatewayError) as caught:
        translate.begin(asked, ANTHROPIC, "target")
    assert caught.value.kind is Kind.INVALID_JSON


def test_content_that_cannot_be_expressed_is_refused_only_where_it_is_read() -> None:
    asked = ask(OPENAI, messages=[{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}])
    assert translate.begin(asked, OPENAI, "asked").request == asked.body
    with pytest.raises(Untranslatable) as caught:
        translate.begin(asked, ANTHROPIC, "target")
    assert caught.value.param == "messages[0].content[0].type"


@pytest.mark.parametrize(("window", "reason"), [(12, "context_window"), (13, "max_tokens"), (None, "max_tokens")])
def test_an_answer_that_filled_the_window_says_so(window: int | None, reason: str) -> None:
    cut = ir.Completion("", (ir.Text("Hi"),), "max_tokens", usage=ir.Usage(7, 5))
    exchange = translate.begin(ask(ANTHROPIC), OPENAI, "target", overrides={"context_window": window})
    answer = translate.PLAIN_CODECS[ANTHROPIC].parse_completion(exchange.plain(whole(OPENAI, cut), is_stream=False))
    assert answer.stop_reason == reason
    out = run(exchange.stream(True), [streamed(OPENAI, cut)])
    assert read_stream(ANTHROPIC, out).stop_reason == reason


# The head of an answer is held until there is content.


@pytest.mark.parametrize(("client", "backend"), PAIRS)
def test_the_head_waits_for_content(client: str, backend: str) -> None:
    stream = translate.begin(ask(client, stream=True), backend, "target").stream(True)
    assert stream.feed(HEADS[backend]) == b""
    assert b"H" in stream.feed(CONTENTS[backend])


@pytest.mark.parametrize(("client", "backend"), PAIRS)
def test_the_head_can_be_released(client: str, backend: str) -> None:
    stream = translate.begin(ask(client, stream=True), backend, "target").stream(True)
    stream.feed(HEADS[backend])
    assert (b"message_start" if client == ANTHROPIC else b'"role":"assistant"') in stream.release()
    assert stream.release() == b""


@pytest.mark.parametrize(("client", "backend"), CLOUD)
def test_an_error_before_content_is_raised(client: str, backend: str) -> None:
    stream = translate.begin(ask(client, stream=True), backend, "target").stream(True)
    stream.feed(HEADS[backend])
    with pytest.raises(BackendError) as caught:
        stream.feed(ERRORS[backend])
    assert caught.value.kind is Kind.UPSTREAM_OVERLOADED


@pytest.mark.parametrize(("client", "backend"), CLOUD)
def test_a_failure_behind_content_ends_the_stream_with_an_error(client: str, backend: str) -> None:
    stream = translate.begin(ask(client, stream=True), backend, "target").stream(True)
    stream.feed(HEADS[backend] + CONTENTS[backend])
    with pytest.raises(BackendError) as caught:
        stream.end()
    assert caught.value.kind is Kind.UPSTREAM_STREAM_TRUNCATED
    ending = stream.fail(caught.value)
    assert b"upstream_stream_truncated" in ending if client == OPENAI else b"event: error" in ending
    assert b"message_stop" not in ending
