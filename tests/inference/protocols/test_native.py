"""The protocol between gateway and worker."""

import msgspec
import pytest

from inference import ir
from inference.errors import BackendError, Kind
from inference.protocols import native, wire
from inference.protocols.codec import Aim

EVENTS: list[ir.Event] = [
    ir.Started(usage=ir.Usage(input_tokens=3)),
    ir.ThinkingDelta("hm"),
    ir.TextDelta("grüß dich 👋"),
    ir.ToolStarted("call_1", "get_weather"),
    ir.ToolDelta('{"city":"Paris"}'),
    ir.Finished("tool_use", usage=ir.Usage(input_tokens=3, output_tokens=7, reasoning_tokens=1)),
]
STREAM = b"".join(native.render_events([event]) for event in EVENTS[:4]) + native.render_events(EVENTS[4:])


def request(**fields: object) -> ir.Request:
    return msgspec.structs.replace(ir.Request("asked", (ir.Message("user", (ir.Text("Hello"),)),)), **fields)


def rendered(**fields: object) -> native.Job:
    return native.JOB.decode(native.render_request(request(**fields), Aim("org/model")).body)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 4096])
def test_where_the_stream_is_cut_does_not_matter(size: int) -> None:
    parser = native.stream_parser()
    parts = [STREAM[i : i + size] for i in range(0, len(STREAM), size)]
    events = [event for part in parts for event in parser.feed(part)]
    assert [*events, *parser.close()] == EVENTS


def test_a_whole_answer_is_its_stream_read_to_the_end() -> None:
    completion = native.parse_completion(STREAM)
    assert completion.stop_reason == "tool_use"
    assert completion.content[-1] == ir.ToolUse("call_1", "get_weather", {"city": "Paris"})


@pytest.mark.parametrize("size", range(len(STREAM)))
def test_a_stream_that_ends_too_early_is_truncated(size: int) -> None:
    parser = native.stream_parser()
    parser.feed(STREAM[:size])
    with pytest.raises(BackendError) as caught:
        parser.close()
    assert caught.value.kind is Kind.UPSTREAM_STREAM_TRUNCATED


def test_bytes_that_are_no_events_are_an_invalid_response() -> None:
    with pytest.raises(BackendError) as caught:
        native.stream_parser().feed(wire.prefixed(b"\xc1"))
    assert caught.value.kind is Kind.UPSTREAM_INVALID_RESPONSE


CHOICES = [(1, EVENTS[:2]), (0, EVENTS[:1]), (0, EVENTS[1:]), (1, EVENTS[2:])]
SEVERAL = b"".join(native.render_choice(index, events) for index, events in CHOICES)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 4096])
def test_several_answers_in_one_stream_are_told_apart_wherever_it_is_cut(size: int) -> None:
    parser = native.ChoiceParser(2)
    read = [choice for i in range(0, len(SEVERAL), size) for choice in parser.feed(SEVERAL[i : i + size])]
    parser.close()
    assert read == CHOICES


def test_events_that_are_encoded_already_make_the_same_chunk() -> None:
    encoded = msgspec.Raw(wire.encode(EVENTS))
    assert native.render_choice(3, encoded) == native.render_choice(3, EVENTS)


@pytest.mark.parametrize("stream", [SEVERAL[:-1], native.render_choice(0, EVENTS), b""])
def test_several_answers_are_truncated_where_one_has_not_finished(stream: bytes) -> None:
    parser = native.ChoiceParser(2)
    parser.feed(stream)
    with pytest.raises(BackendError) as caught:
        parser.close()
    assert caught.value.kind is Kind.UPSTREAM_STREAM_TRUNCATED


def test_bytes_that_are_no_choices_are_an_invalid_response() -> None:
    with pytest.raises(BackendError) as caught:
        native.ChoiceParser(1).feed(STREAM)
    assert caught.value.kind is Kind.UPSTREAM_INVALID_RESPONSE


def test_the_model_is_replaced_and_the_rest_kept() -> None:
    asked = request(stop=("END",), sampling=ir.Sampling(seed=0, temperature=0.0), max_tokens=5)
    job = native.JOB.decode(native.render_request(asked, Aim("org/model")).body)
    assert job.request == msgspec.structs.replace(asked, model="org/model")


@pytest.mark.parametrize(
    ("reasoning", "shows", "expected"),
    [
        (None, True, None),
        (None, False, False),
        (ir.Reasoning(), False, False),
        (ir.Reasoning(enabled=True), False, True),
        (ir.Reasoning(enabled=False), True, False),
        (ir.Reasoning(effort="low"), True, True),
        (ir.Reasoning(effort="low"), False, False),
        (ir.Reasoning(effort="none"), True, False),
        (ir.Reasoning(enabled=False, effort="high"), True, False),
    ],
)
def test_thinking_follows_the_request_and_else_the_protocol(
    reasoning: ir.Reasoning | None, shows: bool, expected: bool | None
) -> None:
    assert rendered(reasoning=reasoning, shows_reasoning=shows).thinking is expected


def test_a_budget_for_thinking_is_sent() -> None:
    assert rendered(reasoning=ir.Reasoning(enabled=True, budget=50)).thinking_budget == 50
    assert rendered(reasoning=ir.Reasoning(enabled=True)).thinking_budget is None


def test_frames_come_out_as_they_went_in() -> None:
    frames: list[wire.Frame] = [
        wire.Hello(wire.VERSION, ("tools",)),
        wire.Submit(1, 60.0, "key", msgspec.Raw(wire.encode({"a": 1}))),
        wire.Cancel(70_000),
    ]
    reader = wire.FrameReader(wire.TO_WORKER, 1024)
    data = b"".join(map(wire.pack, frames))
    received = [frame for i in range(len(data)) for frame in reader.feed(data[i : i + 1])]
    assert b"".join(wire.pack(frame) for frame in received if isinstance(frame, wire.Frame)) == data


@pytest.mark.parametrize("number", [1, 127, 128, 255, 256, 65_535, 65_536, 2**32])
@pytest.mark.parametrize("size", [1, 50, 100_000])
def test_a_frame_over_the_cap_is_skipped_and_known_by_its_id(number: int, size: int) -> None:
    large = wire.Submit(number, 60.0, "key", msgspec.Raw(wire.encode("x" * 5000)))
    data = wire.pack(large) + wire.pack(wire.Ping(7))
    reader = wire.FrameReader(wire.TO_WORKER, 1024)
    received = [frame for i in range(0, len(data), size) for frame in reader.feed(data[i : i + size])]
    assert received == [wire.TooLarge(number), wire.Ping(7)]


def test_any_body_within_the_limit_fits_a_frame() -> None:
    text = '{"role":"user","content":""},'
    count = 10_000
    messages = tuple(ir.Message("user", (ir.Text(""),)) for _ in range(count))
    job = native.render_request(request(messages=messages), Aim("org/model")).body
    assert len(job) < wire.largest_frame(len(text) * count)
