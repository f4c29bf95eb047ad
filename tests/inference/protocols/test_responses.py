"""Whole answers: both protocols' to the neutral form and back."""

import json
from typing import Any

import pytest
from hypothesis import given

from inference import ir
from inference.errors import BackendError, Kind
from inference.protocols import anthropic_messages, openai_chat
from inference.protocols.codec import Answering
from inference.protocols.folding import fold, unfold
from inference.protocols.warnings import Warnings
from tests.inference.conversations import completions

ANSWERING = Answering(request_id="req_1", model="asked", created=1790000000)
HIDING = Answering(request_id="req_1", model="asked", created=1790000000, shows_reasoning=False)


def openai(finish_reason: str | None = "stop", usage: object = None, **message: Any) -> ir.Completion:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}
    return openai_chat.parse_completion(json.dumps({"id": "x", "choices": [choice], "usage": usage}).encode())


def anthropic(*content: dict[str, Any], **fields: Any) -> ir.Completion:
    return anthropic_messages.parse_completion(json.dumps({"id": "msg_1", "content": content, **fields}).encode())


def call(arguments: object = "{}", **rest: Any) -> dict[str, Any]:
    return {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}} | rest


def test_an_openai_answer_is_thinking_text_and_calls() -> None:
    answer = openai("tool_calls", content="a", reasoning_content="hm", tool_calls=[call('{"x": 1}')])
    assert answer.content == (ir.Thinking("hm"), ir.Text("a"), ir.ToolUse("c", "f", {"x": 1}))


def thinking(*texts: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text} for text in texts], "closed": True}


def test_content_in_parts_is_thinking_and_text_in_their_order() -> None:
    one, two = {"type": "text", "text": "a"}, {"type": "text", "text": "b"}
    reference = {"type": "reference", "reference_ids": [0]}
    answer = openai("tool_calls", content=[thinking("h", "m"), one, reference, thinking(), two], tool_calls=[call()])
    assert answer.content == (ir.Thinking("hm"), ir.Text("a"), ir.Text("b"), ir.ToolUse("c", "f", {}))
    assert openai(content=[{"type": "thinking", "thinking": "hm"}]).content == (ir.Thinking("hm"),)
    assert openai(content=[]).content == ()


def test_thinking_that_is_told_in_two_places_is_read_once() -> None:
    answer = openai(reasoning_content="hm", content=[thinking("hm"), {"type": "text", "text": "a"}])
    assert answer.content == (ir.Thinking("hm"), ir.Text("a"))


@pytest.mark.parametrize("content", [7, {"type": "text", "text": "a"}, ["a"], [{"type": "text", "text": 7}]])
def test_content_of_no_known_form_is_no_answer(content: object) -> None:
    with pytest.raises(BackendError) as caught:
        openai(content=content)
    assert caught.value.kind is Kind.UPSTREAM_INVALID_RESPONSE


@pytest.mark.parametrize(
    ("finish_reason", "calls", "stop_reason"),
    [
        ("stop", False, "end_turn"),
        ("stop", True, "tool_use"),
        ("length", False, "max_tokens"),
        ("length", True, "max_tokens"),
        ("tool_calls", True, "tool_use"),
        ("tool_calls", False, "end_turn"),
        ("function_call", False, "end_turn"),
        ("content_filter", False, "refusal"),
        (None, False, "end_turn"),
        ("", True, "tool_use"),
        ("eos", False, "end_turn"),
    ],
)
def test_a_finish_reason_is_judged_with_the_calls(finish_reason: str | None, calls: bool, stop_reason: str) -> None:
    assert openai(finish_reason, content="a", tool_calls=[call()] if calls else None).stop_reason == stop_reason


@pytest.mark.parametrize(
    ("finish_reason", "arguments", "expected"),
    [
        ("stop", "", [{}]),
        ("stop", {"x": 1}, [{"x": 1}]),
        ("stop", '{"x":', [{"_raw": '{"x":'}]),
        ("length", '{"x":', []),
        ("length", '{"x":1}', [{"x": 1}]),
    ],
)
def test_half_a_call_does_not_run(finish_reason: str, arguments: object, expected: list[object]) -> None:
    answer = openai(finish_reason, content="a", tool_calls=[call(arguments)])
    assert [block.input for block in answer.content if isinstance(block, ir.ToolUse)] == expected


def test_calls_without_ids_get_different_ones() -> None:
    answer = openai(tool_calls=[call(id=None), call(id=None)])
    assert len({block.id for block in answer.content if isinstance(block, ir.ToolUse)}) == 2


def test_a_refusal_is_a_text_and_a_reason() -> None:
    answer = openai("stop", content=None, refusal="No.")
    assert (answer.content, answer.stop_reason) == ((ir.Text("No."),), "refusal")


def test_openais_prompt_holds_what_was_cached() -> None:
    usage = {
        "prompt_tokens": 20,
        "completion_tokens": 5,
        "total_tokens": 0,
        "prompt_tokens_details": {"cached_tokens": 12},
    }
    assert openai(content="a", usage=usage).usage == ir.Usage(20, 5, 12)


def test_anthropics_counters_add_up() -> None:
    usage = {"input_tokens": 1, "cache_creation_input_tokens": 2, "cache_read_input_tokens": 4, "output_tokens": 8}
    assert anthropic(stop_reason="end_turn", usage=usage).usage == ir.Usage(7, 8, 4, 2)


def test_what_the_vendors_tools_did_is_no_call() -> None:
    search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    found = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    assert anthropic(search, found, {"type": "text", "text": "a"}, stop_reason="end_turn").content == (ir.Text("a"),)


@pytest.mark.parametrize(
    ("name", "calls", "stop_reason"),
    [
        ("end_turn", False, "end_turn"),
        ("end_turn", True, "tool_use"),
        ("model_context_window_exceeded", False, "context_window"),
        ("pause_turn", False, "end_turn"),
        ("compaction", False, "end_turn"),
        (None, False, "end_turn"),
        ("brand_new", True, "tool_use"),
    ],
)
def test_a_stop_reason_is_understood(name: str | None, calls: bool, stop_reason: str) -> None:
    blocks = [{"type": "tool_use", "id": "t", "name": "f", "input": {}}] if calls else []
    assert anthropic(*blocks, stop_reason=name).stop_reason == stop_reason


@pytest.mark.parametrize("codec", [openai_chat, anthropic_messages])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"choices":[],"content":null}', b'{"choices":[{}]}', b"\xff"]
)
def test_what_is_no_answer_is_refused(codec: Any, body: bytes) -> None:
    with pytest.raises(BackendError) as caught:
        codec.parse_completion(body)
    assert caught.value.kind is Kind.UPSTREAM_INVALID_RESPONSE


@pytest.mark.parametrize("codec", [openai_chat, anthropic_messages])
def test_an_error_with_a_good_status_is_an_error(codec: Any) -> None:
    with pytest.raises(BackendError) as caught:
        codec.parse_completion(b'{"error":{"type":"overloaded_error","message":"x"}}')
    assert caught.value.kind is Kind.UPSTREAM_OVERLOADED


@given(completions())
def test_an_answer_survives_either_protocol(completion: ir.Completion) -> None:
    for codec in (openai_chat, anthropic_messages):
        returned = codec.parse_completion(codec.render_completion(completion, ANSWERING))
        shown = [block for block in returned.content if not isinstance(block, ir.Thinking)]
        assert shown == [block for block in completion.content if not isinstance(block, ir.Thinking)]
        assert (returned.stop_reason, returned.usage) == (completion.stop_reason, completion.usage)


@given(completions())
def test_an_answer_survives_as_events(completion: ir.Completion) -> None:
    assert fold(unfold(completion)) == completion


def rendered(codec: Any, *content: ir.Block, answering: Answering = ANSWERING, **fields: Any) -> dict[str, Any]:
    completion = ir.Completion("", content, **({"stop_reason": "end_turn"} | fields))
    found: dict[str, Any] = json.loads(codec.render_completion(completion, answering))
    return found


def test_an_openai_client_gets_a_chat_completion() -> None:
    answer = rendered(openai_chat, ir.Text("a"), ir.Text("b"), usage=ir.Usage(7, 8, 4, 2))
    assert answer == {
        "id": answer["id"],
        "object": "chat.completion",
        "created": 1790000000,
        "model": "asked",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "ab", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 7,
            "completion_tokens": 8,
            "total_tokens": 15,
            "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
        },
    }


@pytest.mark.parametrize(("content", "shown"), [((), ""), ((ir.ToolUse("c", "f", {}),), None)])
def test_no_text_is_empty_or_null_beside_calls(content: tuple[ir.Block, ...], shown: str | None) -> None:
    message = rendered(openai_chat, *content)["choices"][0]["message"]
    assert message["content"] == shown
    assert ("tool_calls" in message) == bool(content)


def test_native_thinking_goes_out_so_that_it_can_come_back() -> None:
    thinking = (ir.Thinking("hm", "sig"), ir.RedactedThinking("opaque"))
    message = rendered(openai_chat, *thinking)["choices"][0]["message"]
    assert message["reasoning_content"] == "hm"
    request = {"model": "m", "messages": [{"role": "user", "content": "x"}, message]}
    assert openai_chat.parse_request(json.dumps(request).encode(), Warnings()).messages[1].content == thinking


def test_thinking_that_nobody_signed_is_text_alone() -> None:
    message = rendered(openai_chat, ir.Thinking("hm"))["choices"][0]["message"]
    assert (message["reasoning_content"], "thinking_blocks" in message) == ("hm", False)


def test_a_refusal_is_told_to_an_openai_client() -> None:
    choice = rendered(openai_chat, ir.Text("I"), stop_reason="refusal")["choices"][0]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("content_filter", "I")
    assert choice["message"]["refusal"]


def test_an_anthropic_client_gets_a_message() -> None:
    call = ir.ToolUse("t", "f", {"x": 1})
    answer = rendered(
        anthropic_messages, ir.Thinking("hm"), ir.Text("a"), call, stop_reason="tool_use", usage=ir.Usage(7, 8, 4, 2)
    )
    assert answer["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "gw1."},
        {"type": "text", "text": "a"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}},
    ]
    assert answer["usage"] == {
        "input_tokens": 1,
        "cache_creation_input_tokens": 2,
        "cache_read_input_tokens": 4,
        "output_tokens": 8,
    }
    assert (answer["type"], answer["role"], answer["model"]) == ("message", "assistant", "asked")
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("tool_use", None)


def test_reasoning_is_kept_from_a_client_that_did_not_ask() -> None:
    answer = rendered(anthropic_messages, ir.Thinking("hm"), ir.RedactedThinking("x"), ir.Text(""), answering=HIDING)
    assert answer["content"] == []


def test_our_ids_follow_from_the_request() -> None:
    first, again = rendered(anthropic_messages), rendered(anthropic_messages)
    other = rendered(anthropic_messages, answering=Answering(request_id="req_2", model="m", created=1))
    assert first["id"] == again["id"] != other["id"]
    assert first["id"].startswith("msg_")
    assert len(first["id"]) == 28
    assert first["id"].removeprefix("msg_").isalnum()
