"""Traps of how an answer ended and what it cost."""

import json
from typing import Any

import pytest

from tests.inference.exchanges import ANTHROPIC, OPENAI, ask
from tests.inference.pairings import Backend, backend_of, begin
from tests.inference.traps.probes import STOP, block, choices, chunk, delta, end, heard, piece, start

CLAUDE_USAGE = {
    "input_tokens": 5,
    "cache_creation_input_tokens": 30,
    "cache_read_input_tokens": 200,
    "output_tokens": 7,
}
GPT_USAGE = {
    "prompt_tokens": 235,
    "completion_tokens": 7,
    "total_tokens": 0,
    "prompt_tokens_details": {"cached_tokens": 200, "cache_write_tokens": 30},
}


def whole(client: str, answer: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """What a client gets of the other vendor's whole answer."""
    backend = ANTHROPIC if client == OPENAI else OPENAI
    exchange = begin(ask(client, **fields), backend_of(backend))
    found: dict[str, Any] = json.loads(exchange.plain(json.dumps(answer).encode(), is_stream=False))
    return found


def message(*content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": "msg_1", "type": "message", "content": content, "stop_reason": "end_turn", "usage": {}} | fields


def completion(finish_reason: str, **fields: Any) -> dict[str, Any]:
    return {"id": "x", "choices": [{"index": 0, "message": fields, "finish_reason": finish_reason}]}


def test_trap_21_cached_tokens_are_counted_once_and_the_total_is_a_sum() -> None:
    usage = whole(OPENAI, message(usage=CLAUDE_USAGE))["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (235, 7, 242)
    assert usage["prompt_tokens_details"] == {"cached_tokens": 200, "cache_write_tokens": 30}
    assert whole(ANTHROPIC, completion("stop", content="a") | {"usage": GPT_USAGE})["usage"] == CLAUDE_USAGE


def test_trap_22_counts_that_come_again_replace_the_ones_before() -> None:
    chunks = heard(OPENAI, start(input_tokens=5), end(None, output_tokens=3), end("end_turn", output_tokens=7), STOP)
    assert (chunks[-1]["usage"]["prompt_tokens"], chunks[-1]["usage"]["completion_tokens"]) == (5, 7)


def test_trap_23_counts_are_gathered_from_all_events_and_waited_for() -> None:
    begun = {name: count for name, count in CLAUDE_USAGE.items() if name != "output_tokens"}
    assert heard(OPENAI, start(**begun), end("end_turn", output_tokens=7), STOP)[-1]["usage"]["total_tokens"] == 242
    events = heard(ANTHROPIC, chunk(content="a"), chunk("stop"), chunk(usage=GPT_USAGE))
    assert events[-2]["usage"] == CLAUDE_USAGE


def test_trap_25_a_call_means_that_the_agent_is_to_run_it() -> None:
    assert (
        heard(ANTHROPIC, piece(0, "{}", id="call_1", name="f"), chunk("stop"))[-2]["delta"]["stop_reason"] == "tool_use"
    )
    made = [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    assert whole(ANTHROPIC, completion("stop", tool_calls=made))["stop_reason"] == "tool_use"


def test_trap_26_no_call_means_that_there_is_none_to_wait_for() -> None:
    assert heard(ANTHROPIC, chunk(content="a"), chunk("tool_calls"))[-2]["delta"]["stop_reason"] == "end_turn"
    assert whole(ANTHROPIC, completion("tool_calls", content="a"))["stop_reason"] == "end_turn"


def test_trap_27_a_call_that_stands_for_the_answer_is_not_one() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}}
    exchange = begin(ask(OPENAI, response_format=wanted), Backend(ANTHROPIC, "claude-3-5-haiku-20241022"))
    shim = json.loads(exchange.request)["tool_choice"]["name"]
    made = {"type": "tool_use", "id": "toolu_1", "name": shim, "input": {"x": 1}}
    answer = json.loads(exchange.plain(json.dumps(message(made, stop_reason="tool_use")).encode(), is_stream=False))
    (choice,) = answer["choices"]
    assert (choice["finish_reason"], json.loads(choice["message"]["content"])) == ("stop", {"x": 1})
    assert "tool_calls" not in choice["message"]


@pytest.mark.parametrize(
    ("stop_reason", "finish_reason"),
    [
        ("pause_turn", "stop"),
        ("refusal", "content_filter"),
        ("model_context_window_exceeded", "length"),
        ("max_tokens", "length"),
        ("something_new", "stop"),
    ],
)
def test_trap_63_an_unusual_end_is_told_in_words_that_clients_know(stop_reason: str, finish_reason: str) -> None:
    text = {"type": "text", "text": "I "}
    (choice,) = whole(OPENAI, message(text, stop_reason=stop_reason))["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == (finish_reason, "I ")
    assert (choice["message"]["refusal"] is not None) == (stop_reason == "refusal")
    said = (block(0, "text", text=""), delta(0, "text_delta", text="I "))
    streamed = choices(heard(OPENAI, start(), *said, end(stop_reason, output_tokens=1), STOP))
    assert streamed[-1]["finish_reason"] == finish_reason
