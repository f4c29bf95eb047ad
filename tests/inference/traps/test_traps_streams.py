"""Traps of streams: indices, block kinds, and words that got lost between two blocks."""

import pytest

from inference.errors import Kind
from tests.inference import recordings
from tests.inference.exchanges import ANTHROPIC, OPENAI, ask
from tests.inference.pairings import backend_of, begin, relay
from tests.inference.reading import assembled, said
from tests.inference.traps.probes import (
    STOP,
    block,
    blocks,
    call_pieces,
    choices,
    chunk,
    delta,
    deltas,
    end,
    heard,
    piece,
    start,
    stream_of,
)

TEXT_THEN_CALL = (
    start(),
    block(0, "text", text=""),
    delta(0, "text_delta", text="Look:"),
    block(1, "tool_use", id="toolu_1", name="f", input={}),
    delta(1, "input_json_delta", partial_json="{}"),
    end("tool_use", output_tokens=1),
    STOP,
)
DONE = chunk("stop")


def test_trap_01_calls_are_counted_from_zero_whatever_block_they_were() -> None:
    assert [made["index"] for made in call_pieces(heard(OPENAI, *TEXT_THEN_CALL))] == [0, 0]


def test_trap_02_the_choice_is_always_the_first() -> None:
    assert {choice["index"] for choice in choices(heard(OPENAI, *TEXT_THEN_CALL))} == {0}


def test_trap_03_the_first_block_is_of_the_kind_that_comes_first() -> None:
    events = heard(ANTHROPIC, chunk(content=""), chunk(reasoning_content="hm"), chunk(content="So."), DONE)
    assert blocks(events) == ["thinking", "text"]


def test_trap_04_reasoning_between_words_is_a_block_of_its_own() -> None:
    events = heard(ANTHROPIC, chunk(content="a"), chunk(reasoning_content="hm"), chunk(content="b"), DONE)
    assert blocks(events) == ["text", "thinking", "text"]
    assert deltas(events) == [(0, "a"), (1, "hm"), (2, "b")]


def test_trap_05_words_behind_a_call_are_not_part_of_its_block() -> None:
    first = piece(0, "{}", id="call_1", name="f")
    events = heard(ANTHROPIC, first, chunk(content="\n"), chunk(content="So."), chunk("tool_calls"))
    assert blocks(events) == ["tool_use", "text"]
    assert deltas(events) == [(0, "{}"), (1, "\nSo.")]
    assert blocks(heard(ANTHROPIC, first, chunk(content=" \n"), chunk("tool_calls"))) == ["tool_use"]
    half = piece(0, '{"x":', id="call_1", name="f")
    events = heard(ANTHROPIC, half, chunk(content="So."), piece(0, "1}"), chunk("tool_calls"))
    assert deltas(events) == [(0, '{"x":'), (0, "1}"), (1, "So.")]


def test_trap_06_the_chunk_that_begins_a_block_keeps_its_words() -> None:
    first = piece(0, '{"x":', id="call_1", name="f")
    events = heard(ANTHROPIC, chunk(reasoning_content="a"), chunk(content="b"), first, piece(0, "1}"), DONE)
    assert deltas(events) == [(0, "a"), (1, "b"), (2, '{"x":'), (2, "1}")]


def test_trap_07_one_chunk_may_hold_everything() -> None:
    stream = recordings.read("openai_one_chunk.sse")
    result = relay(begin(ask(ANTHROPIC, stream=True), backend_of(OPENAI)).stream(True), stream)
    found = said(ANTHROPIC, assembled(ANTHROPIC, result.sent))
    assert (found.thinking, found.text, found.calls) == ("hm", "Look:", (("get_weather", {"city": "Zürich"}),))
    assert (found.ended, found.counted.output) == ("calls", 9)
    assert deltas(heard(ANTHROPIC, chunk("stop", content="All."))) == [(0, "All.")]


def test_trap_24_a_list_comes_once_and_each_entry_has_its_index() -> None:
    chunks = heard(
        OPENAI,
        start(),
        block(0, "thinking", thinking="", signature=""),
        delta(0, "thinking_delta", thinking="a"),
        delta(0, "thinking_delta", thinking="b"),
        delta(0, "signature_delta", signature="c2ln"),
        block(1, "redacted_thinking", data="b3Bh"),
        end("end_turn", output_tokens=1),
        STOP,
    )
    (shown,) = [
        choice["delta"]["thinking_blocks"] for choice in choices(chunks) if "thinking_blocks" in choice["delta"]
    ]
    assert shown == [
        {"index": 0, "type": "thinking", "thinking": "ab", "signature": "c2ln"},
        {"index": 1, "type": "redacted_thinking", "data": "b3Bh"},
    ]


@pytest.mark.parametrize("client", [OPENAI, ANTHROPIC])
@pytest.mark.parametrize("name", ["openai_text.sse", "anthropic_text.sse"])
def test_trap_36_a_stream_without_its_end_is_an_error(client: str, name: str) -> None:
    backend = OPENAI if name in recordings.OPENAI else ANTHROPIC
    cut = recordings.read(name).partition(b'"finish_reason":"' if backend == OPENAI else b'"stop_reason": "end')[0]
    result = relay(begin(ask(client, stream=True), backend_of(backend)).stream(True), cut)
    assert result.error is Kind.UPSTREAM_STREAM_TRUNCATED
    assert b"ended too early" in result.sent


@pytest.mark.parametrize("client", [OPENAI, ANTHROPIC])
def test_trap_37_an_error_beside_empty_choices_is_no_empty_success(client: str) -> None:
    failed = {"id": "", "choices": [], "error": {"message": "busy", "type": "overloaded_error", "code": 529}}
    result = relay(begin(ask(client, stream=True), backend_of(OPENAI)).stream(True), stream_of(OPENAI, failed))
    assert result.error is Kind.UPSTREAM_OVERLOADED
    assert result.content == b""


@pytest.mark.parametrize("client", [OPENAI, ANTHROPIC])
def test_trap_38_a_comment_never_becomes_data(client: str) -> None:
    stream = recordings.read("openai_text.sse")
    commented = b": OPENROUTER PROCESSING\n\n" + stream.replace(b"\n\n", b"\n\n: keep-alive\n\n")
    result = relay(begin(ask(client, stream=True), backend_of(OPENAI)).stream(True), commented)
    assert b"data: :" not in result.sent
    assert b"data: keep" not in result.sent
    assert result.sent == commented if client == OPENAI else b"keep-alive" not in result.sent


@pytest.mark.parametrize("client", [OPENAI, ANTHROPIC])
@pytest.mark.parametrize("name", ["openai_text.sse", "anthropic_text.sse"])
def test_trap_39_a_character_cut_in_its_middle_stays_whole(client: str, name: str) -> None:
    stream = recordings.read(name)
    middle = stream.index("👋".encode()) + 2
    backend = OPENAI if name in recordings.OPENAI else ANTHROPIC
    result = relay(begin(ask(client, stream=True), backend_of(backend)).stream(True), stream[:middle], stream[middle:])
    assert "\ufffd" not in result.sent.decode()
    assert said(client, assembled(client, result.sent)).text == "Grüße, 世界 👋!\u2028end"


@pytest.mark.parametrize(("client", "backend"), [(OPENAI, ANTHROPIC), (ANTHROPIC, OPENAI)])
def test_trap_61_streams_at_the_same_time_share_nothing(client: str, backend: str) -> None:
    names = recordings.OPENAI if backend == OPENAI else recordings.ANTHROPIC
    parts = {name: recordings.cut(recordings.read(name), 97) for name in names}
    alone = {name: relay(begin(ask(client), backend_of(backend)).stream(True), *parts[name]).sent for name in names}
    streams = {name: begin(ask(client), backend_of(backend)).stream(True) for name in names}
    together = dict.fromkeys(names, b"")
    for at in range(max(len(cut) for cut in parts.values())):
        for name in names:
            together[name] += b"".join(streams[name].feed(part) for part in parts[name][at : at + 1])
    assert {name: together[name] + streams[name].end() for name in names} == alone


def test_trap_62_an_index_given_twice_is_two_blocks() -> None:
    result = relay(
        begin(ask(OPENAI, stream=True), backend_of(ANTHROPIC)).stream(True),
        recordings.read("anthropic_index_twice.sse"),
    )
    found = said(OPENAI, assembled(OPENAI, result.sent))
    assert (found.text, found.calls) == ("Found it.", (("get_weather", {"city": "Paris"}),))
