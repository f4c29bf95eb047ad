"""Neutral events to the streams that clients read."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import ir, sse
from inference.protocols import anthropic_messages, openai_chat
from inference.protocols.codec import Answering
from inference.protocols.folding import fold, unfold
from tests.inference.conversations import WORDS, completions

ANSWERING = Answering(request_id="req_1", model="asked", created=1790000000)
COUNTING = Answering(request_id="req_1", model="asked", created=1790000000, include_usage=True)
HIDING = Answering(request_id="req_1", model="asked", created=1790000000, shows_reasoning=False)
FINISHED = ir.Finished("end_turn", usage=ir.Usage(7, 8))

EVENTS = st.lists(
    st.one_of(
        st.builds(ir.TextDelta, WORDS | st.sampled_from(["", " ", "\n"])),
        st.builds(ir.ThinkingDelta, WORDS),
        st.builds(ir.ThinkingSigned, st.just("sig")),
        st.builds(ir.ThinkingRedacted, WORDS),
        st.builds(ir.ToolStarted, st.just("t"), st.just("f")),
        st.just(ir.Ping()),
    ),
    max_size=8,
)


def openai(*events: ir.Event, answering: Answering = ANSWERING) -> list[Any]:
    stream = openai_chat.stream_renderer(answering).render([ir.Started(), *events])
    return [data if data == "[DONE]" else json.loads(data) for data in sse.parse(stream)]


def anthropic(*events: ir.Event, answering: Answering = ANSWERING) -> list[dict[str, Any]]:
    stream = anthropic_messages.stream_renderer(answering).render([ir.Started(), *events])
    shown: list[dict[str, Any]] = [json.loads(data) for data in sse.parse(stream)]
    assert re.findall(r"^event: (.*)$", stream.decode(), re.MULTILINE) == [event["type"] for event in shown]
    return shown


def deltas(chunks: list[Any]) -> list[dict[str, Any]]:
    return [chunk["choices"][0]["delta"] for chunk in chunks if chunk != "[DONE]" and chunk["choices"]]


def test_an_openai_stream_is_role_content_finish_done() -> None:
    chunks = openai(ir.TextDelta("a"), ir.TextDelta(""), ir.TextDelta('"b'), FINISHED)
    assert deltas(chunks) == [{"role": "assistant", "content": ""}, {"content": "a"}, {"content": '"b'}, {}]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[:-1]] == [None, None, None, "stop"]
    assert chunks[-1] == "[DONE]"
    assert not any("usage" in chunk for chunk in chunks[:-1])


def test_usage_comes_last_and_is_null_before_where_it_was_asked_for() -> None:
    *chunks, usage, done = openai(ir.TextDelta("a"), FINISHED, answering=COUNTING)
    assert [chunk["usage"] for chunk in chunks] == [None] * len(chunks)
    assert (usage["choices"], usage["usage"]["total_tokens"], done) == ([], 15, "[DONE]")


def test_all_chunks_share_their_head() -> None:
    chunks = openai(ir.ThinkingDelta("hm"), ir.TextDelta("a"), ir.ToolStarted("t", "f"), FINISHED, answering=COUNTING)
    heads = [{name: chunk[name] for name in ("id", "object", "created", "model")} for chunk in chunks[:-1]]
    expected = {"id": heads[0]["id"], "object": "chat.completion.chunk", "created": 1790000000, "model": "asked"}
    assert heads == [expected] * len(heads)


def test_calls_are_counted_from_zero_and_named_once() -> None:
    chunks = openai(
        ir.TextDelta("a"),
        ir.ToolStarted("t1", "f"),
        ir.ToolDelta("{"),
        ir.ToolDelta("}"),
        ir.ToolStarted("t2", "g"),
        ir.Finished("tool_use"),
    )
    calls = [call for delta in deltas(chunks) for call in delta.get("tool_calls", [])]
    assert calls == [
        {"index": 0, "id": "t1", "type": "function", "function": {"name": "f", "arguments": ""}},
        {"index": 0, "function": {"arguments": "{"}},
        {"index": 0, "function": {"arguments": "}"}},
        {"index": 1, "id": "t2", "type": "function", "function": {"name": "g", "arguments": ""}},
        {"index": 1, "function": {"arguments": "{}"}},
    ]


def test_native_thinking_goes_whole_with_the_end() -> None:
    chunks = openai(
        ir.ThinkingDelta("a"), ir.ThinkingDelta("b"), ir.ThinkingSigned("sig"), ir.ThinkingRedacted("x"), FINISHED
    )
    assert deltas(chunks)[-1] == {
        "thinking_blocks": [
            {"index": 0, "type": "thinking", "thinking": "ab", "signature": "sig"},
            {"index": 1, "type": "redacted_thinking", "data": "x"},
        ]
    }
    assert "".join(delta.get("reasoning_content", "") for delta in deltas(chunks)) == "ab"


def test_a_ping_is_a_comment_to_an_openai_client() -> None:
    assert openai_chat.stream_renderer(ANSWERING).render([ir.Ping()]) == b": ping\n\n"


def blocks(events: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(e["index"], e["content_block"]["type"]) for e in events if e["type"] == "content_block_start"]


def test_an_anthropic_stream_is_start_blocks_delta_stop() -> None:
    events = anthropic(ir.TextDelta("a"), ir.TextDelta("b"), FINISHED)
    assert [event["type"] for event in events] == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert events[-2]["delta"] == {"stop_reason": "end_turn", "stop_sequence": None, "stop_details": None}
    assert events[-2]["usage"]["output_tokens"] == 8


def test_the_delta_that_begins_a_block_is_not_swallowed() -> None:
    events = anthropic(
        ir.ThinkingDelta("hm"), ir.TextDelta("a"), ir.ToolStarted("t", "f"), ir.ToolDelta("{}"), FINISHED
    )
    assert blocks(events) == [(0, "thinking"), (1, "text"), (2, "tool_use")]
    assert [event["delta"] for event in events if event["type"] == "content_block_delta"] == [
        {"type": "thinking_delta", "thinking": "hm"},
        {"type": "signature_delta", "signature": "gw1."},
        {"type": "text_delta", "text": "a"},
        {"type": "input_json_delta", "partial_json": "{}"},
    ]


def test_an_empty_answer_has_no_blocks() -> None:
    assert [event["type"] for event in anthropic(FINISHED)] == [
        "message_start",
        "ping",
        "message_delta",
        "message_stop",
    ]


@pytest.mark.parametrize(("after", "shown"), [("So.", ["\n So."]), ("", [])])
def test_white_space_behind_a_call_is_held_until_words_follow(after: str, shown: list[str]) -> None:
    events = anthropic(ir.ToolStarted("t", "f"), ir.TextDelta("\n"), ir.TextDelta(" "), ir.TextDelta(after), FINISHED)
    texts = [event["delta"]["text"] for event in events if event.get("delta", {}).get("type") == "text_delta"]
    assert texts == shown


def test_reasoning_is_kept_from_a_client_that_did_not_ask() -> None:
    thinking = (ir.ThinkingDelta("hm"), ir.ThinkingSigned("sig"), ir.ThinkingRedacted("x"))
    assert blocks(anthropic(*thinking, ir.TextDelta("a"), FINISHED, answering=HIDING)) == [(0, "text")]


def test_a_signature_without_words_is_a_block_of_its_own() -> None:
    events = anthropic(ir.ThinkingSigned("sig"), ir.TextDelta("a"), FINISHED)
    assert blocks(events) == [(0, "thinking"), (1, "text")]
    assert events[3]["delta"] == {"type": "signature_delta", "signature": "sig"}


def test_a_stop_sequence_is_named() -> None:
    delta = anthropic(ir.TextDelta("a"), ir.Finished("stop_sequence", "END"))[-2]["delta"]
    assert (delta["stop_reason"], delta["stop_sequence"]) == ("stop_sequence", "END")


def test_a_call_without_id_gets_one() -> None:
    events = anthropic(ir.ToolStarted("", "f"), ir.ToolStarted("", "f"), FINISHED)
    ids = {event["content_block"]["id"] for event in events if event["type"] == "content_block_start"}
    assert len(ids) == 2
    assert all(identifier.startswith("toolu_") for identifier in ids)


@given(EVENTS)
def test_anthropic_blocks_have_no_gaps_and_one_is_open_at_a_time(events: list[ir.Event]) -> None:
    kinds = {
        "text": {"text_delta"},
        "thinking": {"thinking_delta", "signature_delta"},
        "tool_use": {"input_json_delta"},
    }
    opened: tuple[int, str] | None = None
    count = 0
    for event in anthropic(*events, FINISHED):
        if event["type"] == "content_block_start":
            assert opened is None
            opened = (event["index"], event["content_block"]["type"])
            assert opened[0] == count
            count += 1
        elif event["type"] == "content_block_delta":
            assert opened is not None
            assert event["index"] == opened[0]
            assert event["delta"]["type"] in kinds[opened[1]]
        elif event["type"] == "content_block_stop":
            assert opened is not None
            assert event["index"] == opened[0]
            opened = None
    assert opened is None


@given(completions())
def test_what_is_rendered_is_parsed_back(completion: ir.Completion) -> None:
    for codec in (openai_chat, anthropic_messages):
        stream = codec.stream_renderer(COUNTING).render(unfold(completion))
        parser = codec.stream_parser()
        returned = fold([*parser.feed(stream), *parser.close()])
        thinking = [block.text for block in completion.content if isinstance(block, ir.Thinking)]
        assert [block.text for block in returned.content if isinstance(block, ir.Thinking)] == thinking
        shown = [block for block in completion.content if not isinstance(block, ir.Thinking)]
        assert [block for block in returned.content if not isinstance(block, ir.Thinking)] == shown
        assert (returned.stop_reason, returned.usage) == (completion.stop_reason, completion.usage)
