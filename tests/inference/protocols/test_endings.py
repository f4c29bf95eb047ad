"""How answers end, and what they cost: refusals and their reasons, tiers, counts in every form a server tells them."""

import json
from typing import Any

import msgspec
import pytest

from inference import ir, sse
from inference.errors import BackendError, Kind
from inference.protocols import anthropic_messages, native, openai_chat
from inference.protocols.codec import Answering, Rendered
from inference.protocols.folding import fold
from inference.protocols.joining import UndoingParser
from inference.protocols.openai_chat.answers import REFUSAL

ANSWERING = Answering(request_id="req_1", model="asked", created=1790000000, include_usage=True)
ESTIMATING = Answering(request_id="req_1", model="asked", created=1790000000, input_tokens=42)
CODECS = {"openai_chat": openai_chat, "anthropic_messages": anthropic_messages}


def event(name: str, **fields: Any) -> bytes:
    return sse.encode(name, msgspec.json.encode({"type": name, **fields}))


def chunk(*, usage: Any = None, finish_reason: str | None = None, tier: str | None = None, **delta: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return sse.encode("", json.dumps({"choices": [choice], "usage": usage, "service_tier": tier}).encode())


def anthropic(*content: dict[str, Any], **fields: Any) -> ir.Completion:
    return anthropic_messages.parse_completion(json.dumps({"id": "msg_1", "content": content, **fields}).encode())


def anthropic_stream(*, start: Any = None, end: Any = None, **delta: Any) -> ir.Completion:
    parser = anthropic_messages.stream_parser()
    stream = [
        event("message_start", message={"id": "m", "usage": start}),
        event("message_delta", delta=delta, usage=end),
        event("message_stop"),
    ]
    return fold(parser.feed(b"".join(stream)))


def openai(message: dict[str, Any], **fields: Any) -> ir.Completion:
    choice = {"index": 0, "message": message, "finish_reason": fields.pop("finish_reason", "stop")}
    return openai_chat.parse_completion(json.dumps({"id": "x", "choices": [choice], **fields}).encode())


def openai_stream(*chunks: bytes) -> ir.Completion:
    parser = openai_chat.stream_parser()
    return fold([*parser.feed(b"".join(chunks)), *parser.close()])


def whole(protocol: str, completion: ir.Completion) -> Any:
    return json.loads(CODECS[protocol].render_completion(completion, ANSWERING))


def events(protocol: str, *given: ir.Event, answering: Answering = ANSWERING) -> list[Any]:
    stream = CODECS[protocol].stream_renderer(answering).render(given)
    return [json.loads(data) for data in sse.parse(stream) if data != "[DONE]"]


# Refusals.

DETAILS = {"type": "refusal", "category": "bio", "explanation": "Not that."}


def test_why_a_model_refused_reaches_an_openai_client() -> None:
    completion = anthropic({"type": "text", "text": "I"}, stop_reason="refusal", stop_details=DETAILS)
    choice = whole("openai_chat", completion)["choices"][0]
    assert (choice["finish_reason"], choice["message"]["refusal"]) == ("content_filter", "Not that.")
    assert choice["message"]["content"] == "I"
    streamed = anthropic_stream(stop_reason="refusal", stop_details=DETAILS)
    assert streamed.explanation == "Not that."
    finish = events("openai_chat", ir.Finished("refusal", explanation="Not that."))[1]["choices"][0]
    assert (finish["finish_reason"], finish["delta"]["refusal"]) == ("content_filter", "Not that.")


@pytest.mark.parametrize("details", [None, {"type": "refusal", "category": None, "explanation": None}])
def test_a_refusal_without_a_reason_is_told_in_our_words(details: Any) -> None:
    message = whole("openai_chat", anthropic(stop_reason="refusal", stop_details=details))["choices"][0]["message"]
    assert message["refusal"] == REFUSAL
    assert events("openai_chat", ir.Finished("refusal"))[1]["choices"][0]["delta"]["refusal"] == REFUSAL


def test_why_a_model_refused_reaches_an_anthropic_client() -> None:
    for completion in (
        openai({"content": None, "refusal": "Not that."}),
        openai_stream(chunk(refusal="Not "), chunk(refusal="that."), chunk(finish_reason="stop")),
    ):
        shown = whole("anthropic_messages", completion)
        assert (shown["stop_reason"], shown["stop_details"]) == ("refusal", DETAILS | {"category": None})
        assert shown["content"] == [{"type": "text", "text": "Not that."}]
    end = events("anthropic_messages", ir.Finished("refusal", explanation="Not that."))[-2]
    assert end["delta"]["stop_details"] == DETAILS | {"category": None}


def test_a_filtered_answer_is_refused_without_a_reason() -> None:
    shown = whole("anthropic_messages", openai({"content": "I"}, finish_reason="content_filter"))
    assert (shown["stop_reason"], shown["stop_details"]["explanation"]) == ("refusal", None)


# Other ends.


@pytest.mark.parametrize(
    ("reason", "calls", "shown"),
    [
        ("pause_turn", False, "stop"),
        ("pause_turn", True, "tool_calls"),
        ("compaction", False, "stop"),
        ("model_context_window_exceeded", False, "length"),
        ("tool_use", False, "stop"),
        ("stop_sequence", False, "stop"),
        ("brand_new", False, "stop"),
        (None, False, "stop"),
        (None, True, "tool_calls"),
    ],
)
def test_an_openai_client_sees_no_end_that_it_does_not_know(reason: str | None, calls: bool, shown: str) -> None:
    blocks = [{"type": "tool_use", "id": "t", "name": "f", "input": {}}] if calls else []
    assert whole("openai_chat", anthropic(*blocks, stop_reason=reason))["choices"][0]["finish_reason"] == shown


def test_an_answer_that_ended_with_an_error_is_none() -> None:
    with pytest.raises(BackendError) as caught:
        openai({"content": "half"}, finish_reason="error")
    assert caught.value.kind is Kind.UPSTREAM_ERROR
    failed = {"index": 0, "message": {"content": ""}, "finish_reason": "stop", "error": {"code": 429, "message": "x"}}
    with pytest.raises(BackendError) as caught:
        openai_chat.parse_completion(json.dumps({"choices": [failed]}).encode())
    assert caught.value.kind is Kind.UPSTREAM_RATE_LIMITED
    with pytest.raises(BackendError):
        openai_stream(chunk(content="half"), chunk(finish_reason="error"))


def test_the_tool_that_stands_for_the_answer_is_no_call_and_another_is() -> None:
    answer: list[ir.Event] = [ir.ToolStarted("t", "answer"), ir.ToolDelta('{"a":1}'), ir.Finished("tool_use")]
    assert undone(answer) == [ir.TextDelta('{"a":1}'), ir.Finished("end_turn")]
    call: list[ir.Event] = [ir.ToolStarted("u", "f"), ir.ToolDelta("{}")]
    assert undone([*answer[:2], *call, answer[2]]) == [ir.TextDelta('{"a":1}'), *call, ir.Finished("tool_use")]


def undone(given: list[ir.Event]) -> list[ir.Event]:
    parser = UndoingParser(native.stream_parser(), Rendered(b"", answer_tool="answer"))
    return parser.feed(native.render_events(given))


# Reasoning.


@pytest.mark.parametrize(
    "message",
    [
        {"reasoning_content": "hm"},
        {"reasoning": "hm"},
        {"reasoning_details": [{"type": "reasoning.text", "text": "h"}, {"type": "reasoning.text", "text": "m"}]},
        {"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
        {"reasoning_content": "hm", "reasoning": "hm"},
    ],
)
def test_reasoning_is_told_once_wherever_it_stands(message: dict[str, Any]) -> None:
    assert openai(message | {"content": "a"}).content == (ir.Thinking("hm"), ir.Text("a"))
    assert openai_stream(chunk(**message), chunk(content="a"), chunk(finish_reason="stop")).content == (
        ir.Thinking("hm"),
        ir.Text("a"),
    )


@pytest.mark.parametrize("details", [7, {}, [1, {}, {"text": None}, {"summary": "x"}]])
def test_reasoning_of_another_form_is_passed_over(details: object) -> None:
    assert openai({"content": "a", "reasoning_details": details}).content == (ir.Text("a"),)


# Tiers and counts.


@pytest.mark.parametrize(("one", "other"), [("standard", "default"), ("priority", "priority"), ("batch", None)])
def test_the_tier_is_told_in_each_protocols_words(one: str, other: str | None) -> None:
    completion = anthropic(usage={"service_tier": one})
    assert completion.usage == anthropic_stream(start={"service_tier": one}).usage
    assert whole("openai_chat", completion).get("service_tier") == other
    *_, finish, usage = events("openai_chat", ir.Started(), ir.Finished("end_turn", usage=completion.usage))
    assert (finish.get("service_tier"), usage.get("service_tier")) == (other, other)
    if other is not None:
        back = openai({"content": "a"}, service_tier=other, usage={})
        assert back.usage.service_tier == other
        assert openai_stream(chunk(finish_reason="stop", tier=other, usage={})).usage.service_tier == other
        assert whole("anthropic_messages", back)["usage"]["service_tier"] == one


def test_a_tier_that_only_openai_has_is_left_out() -> None:
    shown = whole("anthropic_messages", openai({"content": "a"}, service_tier="flex", usage={}))
    assert "service_tier" not in shown["usage"]


ANTHROPIC_COUNTS: list[tuple[Any, Any, ir.Usage]] = [
    (None, None, ir.Usage()),
    ({}, {}, ir.Usage()),
    ({"input_tokens": None, "output_tokens": None}, None, ir.Usage()),
    ({"input_tokens": 5, "output_tokens": 1}, {"output_tokens": 9}, ir.Usage(5, 9)),
    (None, {"input_tokens": 5, "output_tokens": 9}, ir.Usage(5, 9)),
    ({"input_tokens": 1, "cache_read_input_tokens": 4}, {"input_tokens": 2}, ir.Usage(6, 0, 4)),
    ({"input_tokens": 1}, {"cache_read_input_tokens": 4, "cache_creation_input_tokens": 2}, ir.Usage(7, 0, 4, 2)),
    ({"cache_creation_input_tokens": 2}, {"cache_creation_input_tokens": 0}, ir.Usage()),
    (None, {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 3}}, ir.Usage(0, 9, reasoning_tokens=3)),
    (None, {"output_tokens_details": None}, ir.Usage()),
    ({"input_tokens": -1}, {"output_tokens": 2**70}, ir.Usage(0, 2**53)),
]


@pytest.mark.parametrize(("start", "end", "usage"), ANTHROPIC_COUNTS)
def test_anthropics_counts_replace_those_before(start: Any, end: Any, usage: ir.Usage) -> None:
    assert anthropic_stream(start=start, end=end).usage == usage


OPENAI_COUNTS: list[tuple[Any, ir.Usage]] = [
    (None, ir.Usage()),
    ({}, ir.Usage()),
    ({"prompt_tokens": None, "completion_tokens": None, "prompt_tokens_details": None}, ir.Usage()),
    ({"prompt_tokens": 9, "total_tokens": 1, "completion_tokens": 4}, ir.Usage(9, 4)),
    ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": None}}, ir.Usage(9)),
    (
        {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2}},
        ir.Usage(9, 0, 4, 2),
    ),
    (
        {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 0}},
        ir.Usage(0, 9, reasoning_tokens=0),
    ),
    ({"prompt_tokens": -1, "completion_tokens": 2**70}, ir.Usage(0, 2**53)),
]


@pytest.mark.parametrize(("told", "usage"), OPENAI_COUNTS)
def test_openais_counts_are_read_however_sparse(told: Any, usage: ir.Usage) -> None:
    assert openai({"content": "a"}, usage=told).usage == usage
    assert openai_stream(chunk(content="a", usage=told), chunk(finish_reason="stop")).usage == usage
    assert openai_stream(chunk(finish_reason="stop"), chunk(usage=told), chunk()).usage == usage


def test_a_cache_larger_than_its_prompt_counts_nothing_below_zero() -> None:
    shown = whole("anthropic_messages", ir.Completion("", (), "end_turn", usage=ir.Usage(3, 1, 4, 2)))["usage"]
    assert (shown["input_tokens"], shown["cache_read_input_tokens"]) == (0, 4)


def test_a_prompt_is_estimated_until_the_backend_counts_it() -> None:
    counted = ir.Finished("end_turn", usage=ir.Usage(7, 1, 7))
    start, *_, end, _ = events("anthropic_messages", ir.Started(), counted, answering=ESTIMATING)
    assert start["message"]["usage"]["input_tokens"] == 42
    assert (end["usage"]["input_tokens"], end["usage"]["cache_read_input_tokens"]) == (0, 7)
    start, *_ = events("anthropic_messages", ir.Started(usage=ir.Usage(9)), counted, answering=ESTIMATING)
    assert start["message"]["usage"]["input_tokens"] == 9
