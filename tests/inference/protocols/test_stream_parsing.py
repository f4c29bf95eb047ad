"""Upstream streams to neutral events, cut everywhere."""

import json
from typing import Any

import pytest

from inference import ir
from inference.errors import BackendError, Kind
from inference.protocols import anthropic_messages, openai_chat
from inference.protocols.codec import StreamParser
from inference.protocols.folding import fold
from tests.inference import recordings

TEXT = "Grüße, 世界 👋!\u2028end"
WEATHER = {"city": "Paris"}
ANTHROPIC_USAGE = ir.Usage(20, 9, cached_tokens=9, cache_write_tokens=3)
OPENAI_USAGE = ir.Usage(20, 9, cached_tokens=12, reasoning_tokens=4)

ANSWERS: dict[str, tuple[tuple[ir.Block, ...], ir.StopReason, ir.Usage]] = {
    "openai_text.sse": ((ir.Text(TEXT),), "end_turn", OPENAI_USAGE),
    "openai_thinking.sse": ((ir.Thinking("Let me see."), ir.Text("Four")), "end_turn", OPENAI_USAGE),
    "openai_parallel.sse": (
        (ir.ToolUse("call_a", "get_weather", WEATHER), ir.ToolUse("call_b", "get_time", {"zone": "CET"})),
        "tool_use",
        OPENAI_USAGE,
    ),
    "openai_interleaved.sse": (
        (ir.ToolUse("call_a", "get_weather", WEATHER), ir.ToolUse("call_b", "get_time", {"zone": "CET"})),
        "tool_use",
        ir.Usage(),
    ),
    "openai_no_arguments.sse": ((ir.ToolUse("call_a", "list_files", {}),), "tool_use", ir.Usage()),
    "openai_at_once.sse": (
        (ir.Thinking("hm"), ir.Text("Look:"), ir.ToolUse("call_a", "f", {})),
        "tool_use",
        ir.Usage(),
    ),
    "openai_empty.sse": ((), "end_turn", OPENAI_USAGE),
    "openai_refusal.sse": ((ir.Text("I cannot do that."),), "refusal", ir.Usage()),
    "openai_cut_arguments.sse": ((), "max_tokens", ir.Usage()),
    "openai_tool_then_text.sse": (
        (ir.ToolUse("call_a", "get_weather", WEATHER), ir.Text('\n So "Paris".')),
        "tool_use",
        OPENAI_USAGE,
    ),
    "openai_usage_first.sse": ((ir.Text("Hi"),), "end_turn", OPENAI_USAGE),
    "openai_after_usage.sse": ((ir.Text("Hi"),), "end_turn", OPENAI_USAGE),
    "openai_one_chunk.sse": (
        (ir.Thinking("hm"), ir.Text("Look:"), ir.ToolUse("call_a", "get_weather", {"city": "Zürich"})),
        "tool_use",
        OPENAI_USAGE,
    ),
    "openai_escapes.sse": ((ir.Text('Grüße \\ "世界" 👋\t/\u2028\n\x01'),), "end_turn", ir.Usage()),
    "openai_content_in_parts.sse": ((ir.Thinking("Let me see."), ir.Text("It is four.")), "end_turn", ir.Usage(20, 9)),
    "openai_no_mark.sse": ((ir.Text("Hi there"),), "end_turn", ir.Usage()),
    "anthropic_text.sse": ((ir.Text(TEXT),), "end_turn", ANTHROPIC_USAGE),
    "anthropic_thinking.sse": (
        (ir.Thinking("Let me see.", "c2lnbmF0dXJl"), ir.RedactedThinking("b3BhcXVl"), ir.Text("Four")),
        "end_turn",
        ir.Usage(20, 30, cached_tokens=9, cache_write_tokens=3, reasoning_tokens=22),
    ),
    "anthropic_parallel.sse": (
        (
            ir.Text("Looking."),
            ir.ToolUse("toolu_a", "get_weather", WEATHER),
            ir.ToolUse("toolu_b", "get_time", {"zone": "CET"}),
        ),
        "tool_use",
        ANTHROPIC_USAGE,
    ),
    "anthropic_no_arguments.sse": ((ir.ToolUse("toolu_a", "list_files", {}),), "tool_use", ANTHROPIC_USAGE),
    "anthropic_whole_input.sse": ((ir.ToolUse("toolu_a", "get_weather", WEATHER),), "tool_use", ANTHROPIC_USAGE),
    "anthropic_server_tool.sse": (
        (ir.Text("Found it.", citations=(ir.Citation("https://example.org", "t"),)),),
        "end_turn",
        ANTHROPIC_USAGE,
    ),
    "anthropic_empty.sse": ((), "end_turn", ANTHROPIC_USAGE),
    "anthropic_refusal.sse": ((ir.Text("I "),), "refusal", ANTHROPIC_USAGE),
    "anthropic_too_long.sse": ((ir.Text("Once upon"),), "max_tokens", ANTHROPIC_USAGE),
    "anthropic_tool_then_text.sse": (
        (ir.ToolUse("toolu_a", "get_weather", WEATHER), ir.Text('So "Paris".')),
        "tool_use",
        ANTHROPIC_USAGE,
    ),
    "anthropic_cut_arguments.sse": ((), "max_tokens", ANTHROPIC_USAGE),
    "anthropic_late_usage.sse": ((ir.Text("Hi"),), "end_turn", ANTHROPIC_USAGE),
    "anthropic_two_deltas.sse": ((ir.Text("Hi"),), "end_turn", ANTHROPIC_USAGE),
    "anthropic_index_twice.sse": (
        (ir.Text("Found it."), ir.ToolUse("toolu_a", "get_weather", WEATHER)),
        "tool_use",
        ANTHROPIC_USAGE,
    ),
}


def parser_of(name: str) -> StreamParser:
    return openai_chat.stream_parser() if name.startswith("openai") else anthropic_messages.stream_parser()


def parsed(name: str, parts: list[bytes]) -> list[ir.Event]:
    parser = parser_of(name)
    return [event for part in parts for event in parser.feed(part)] + parser.close()


@pytest.mark.parametrize("name", recordings.NAMES)
def test_a_stream_tells_its_answer(name: str) -> None:
    completion = fold(parsed(name, [recordings.read(name)]))
    assert (completion.content, completion.stop_reason, completion.usage) == ANSWERS[name]


@pytest.mark.parametrize("name", recordings.NAMES)
@pytest.mark.parametrize("size", [1, 2, 7, 4096])
def test_split_does_not_matter(name: str, size: int) -> None:
    stream = recordings.read(name)
    assert parsed(name, recordings.cut(stream, size)) == parsed(name, [stream])


@pytest.mark.parametrize("name", ["openai_empty.sse", "openai_no_arguments.sse", "anthropic_empty.sse"])
def test_a_short_stream_may_be_cut_at_every_byte(name: str) -> None:
    stream = recordings.read(name)
    whole = parsed(name, [stream])
    for place in range(len(stream)):
        assert parsed(name, [stream[:place], stream[place:]]) == whole


@pytest.mark.parametrize("name", recordings.NAMES)
def test_line_ends_do_not_matter(name: str) -> None:
    stream = recordings.read(name)
    assert parsed(name, [stream.replace(b"\n", b"\r\n")]) == parsed(name, [stream])


@pytest.mark.parametrize("name", recordings.NAMES)
def test_a_stream_that_ends_early_is_no_answer(name: str) -> None:
    stream = recordings.read(name)
    terminal = stream.index(b"event: message_stop" if name.startswith("anthropic") else b'"finish_reason":"')
    for end in [0, *(place for place in range(terminal) if stream[:place].endswith(b"\n\n"))]:
        parser = parser_of(name)
        parser.feed(stream[:end])
        with pytest.raises(BackendError) as caught:
            parser.close()
        assert caught.value.kind is Kind.UPSTREAM_STREAM_TRUNCATED


@pytest.mark.parametrize("name", recordings.OPENAI)
def test_a_finish_reason_is_an_end_even_without_the_mark(name: str) -> None:
    stream = recordings.read(name)
    assert parsed(name, [stream.removesuffix(b"data: [DONE]\n\n")]) == parsed(name, [stream])


def chunk(*choices: dict[str, Any], **rest: Any) -> bytes:
    return b"data: " + json.dumps({"id": "x", "choices": choices, **rest}).encode() + b"\n\n"


def piece(finish_reason: str | None = None, **delta: Any) -> bytes:
    return chunk({"index": 0, "delta": delta, "finish_reason": finish_reason})


def call(index: int | None, arguments: str | None = None, *, name: str | None = None, id: str | None = None) -> bytes:  # noqa: A002
    made = {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}
    return piece(tool_calls=[{key: value for key, value in made.items() if value is not None}])


def calls_in(*chunks: bytes, finish_reason: str = "tool_calls") -> list[tuple[str, object]]:
    answer = fold(parsed("openai", [*chunks, piece(finish_reason), b"data: [DONE]\n\n"]))
    return [(block.name, block.input) for block in answer.content if isinstance(block, ir.ToolUse)]


def test_calls_that_share_an_index_are_told_apart_by_id_and_name() -> None:
    found = calls_in(call(0, '{"x":1}', name="f", id="a"), call(0, '{"x":', name="g", id="b"), call(0, "2}"))
    assert found == [("f", {"x": 1}), ("g", {"x": 2})]


def test_calls_without_index_are_told_apart_by_their_names() -> None:
    found = calls_in(call(None, '{"x":', name="f", id="a"), call(None, "1}"), call(None, "{}", name="g", id="b"))
    assert found == [("f", {"x": 1}), ("g", {})]


def test_a_call_waits_for_its_name() -> None:
    assert calls_in(call(0, '{"x":', id="a"), call(0, "1}", name="f")) == [("f", {"x": 1})]


def test_a_call_that_never_gets_a_name_is_none() -> None:
    answer = fold(parsed("openai", [call(0, "{}", id="a"), piece("tool_calls")]))
    assert (answer.content, answer.stop_reason) == ((), "end_turn")


def test_calls_without_ids_get_different_ones() -> None:
    events = parsed("openai", [call(0, "{}", name="f"), call(1, "{}", name="f"), piece("stop")])
    ids = [event.id for event in events if isinstance(event, ir.ToolStarted)]
    assert len(set(ids)) == 2
    assert all(identifier.startswith("call_") for identifier in ids)


def test_arguments_are_told_while_they_come() -> None:
    parser = openai_chat.stream_parser()
    assert parser.feed(call(0, name="f", id="a"))[1:] == [ir.ToolStarted("a", "f")]
    assert parser.feed(call(0, '{"x"')) == [ir.ToolDelta('{"x"')]


def test_text_behind_a_call_is_not_lost() -> None:
    answer = fold(parsed("openai", [call(0, "{}", name="f", id="a"), piece(content="So."), piece("stop")]))
    assert answer.content == (ir.ToolUse("a", "f", {}), ir.Text("So."))


def test_what_comes_with_the_finish_reason_is_not_lost() -> None:
    assert fold(parsed("openai", [piece("stop", content="All.")])).content == (ir.Text("All."),)


def test_usage_may_come_first_and_again() -> None:
    first = chunk(usage={"prompt_tokens": 3})
    last = chunk(usage={"prompt_tokens": 3, "completion_tokens": 2})
    assert fold(parsed("openai", [first, piece("stop"), last, chunk(usage=None)])).usage == ir.Usage(3, 2)


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (chunk(error={"message": "x", "type": "overloaded_error"}), Kind.UPSTREAM_OVERLOADED),
        (b'data: {"error":"x"}\n\n', Kind.UPSTREAM_ERROR),
        (piece("error"), Kind.UPSTREAM_ERROR),
        (b"data: <html>\n\n", Kind.UPSTREAM_INVALID_RESPONSE),
        (b"data: 5\n\n", Kind.UPSTREAM_INVALID_RESPONSE),
    ],
)
def test_an_openai_stream_that_is_none_raises(stream: bytes, kind: Kind) -> None:
    with pytest.raises(BackendError) as caught:
        openai_chat.stream_parser().feed(stream)
    assert caught.value.kind is kind


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n', Kind.UPSTREAM_OVERLOADED),
        (b'event: error\ndata: {"type":"error"}\n\n', Kind.UPSTREAM_ERROR),
        (b'data: {"error":{"message":"x","code":429}}\n\n', Kind.UPSTREAM_RATE_LIMITED),
        (b"data: {\n\n", Kind.UPSTREAM_INVALID_RESPONSE),
    ],
)
def test_an_anthropic_stream_that_is_none_raises(stream: bytes, kind: Kind) -> None:
    with pytest.raises(BackendError) as caught:
        anthropic_messages.stream_parser().feed(stream)
    assert caught.value.kind is kind


def test_counts_are_running_totals() -> None:
    stream = recordings.read("anthropic_text.sse")
    end = stream.index(b"event: message_delta")
    early = b'event: message_delta\ndata: {"type":"message_delta","delta":{},"usage":{"output_tokens":4}}\n\n'
    assert fold(parsed("anthropic", [stream[:end] + early + stream[end:]])).usage == ANTHROPIC_USAGE


def test_unknown_events_are_passed_over() -> None:
    stream = recordings.read("anthropic_text.sse")
    news = b'event: news\ndata: {"type":"news","delta":{"type":"text_delta","text":"x"}}\n\n'
    assert parsed("anthropic", [news + stream.replace(b"\n\n", b"\n\n" + news)]) == parsed("anthropic", [stream])


def test_openais_mark_behind_the_end_is_passed_over() -> None:
    stream = recordings.read("anthropic_text.sse")
    assert parsed("anthropic", [stream + b"data: [DONE]\n\n"]) == parsed("anthropic", [stream])
