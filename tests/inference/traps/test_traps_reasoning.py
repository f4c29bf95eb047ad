"""Traps of thinking: whose it is, where it goes back to, and what it excludes."""

import json
from typing import Any

import pytest

from inference.errors import Kind, Untranslatable
from tests.inference.exchanges import ANTHROPIC, OPENAI, ask
from tests.inference.pairings import begin
from tests.inference.traps.probes import (
    NEWER_CLAUDE,
    OLDER_CLAUDE,
    SERVER,
    TOOL,
    answered,
    assistant,
    call,
    result,
    sent,
    text,
    use,
    user,
    warned,
)

HELLO = user("Hello")
NATIVE = [
    {"type": "thinking", "thinking": "Hm, é.", "signature": "c2lnbmVk"},
    {"type": "redacted_thinking", "data": "b3BhcXVl"},
]


def round_trip(*thinking: dict[str, Any]) -> list[dict[str, Any]]:
    """What Anthropic gets back of the thinking in its answer, after a client of OpenAI's kept the message."""
    answer = {
        "id": "msg_1",
        "content": [*thinking, use("toolu_1")],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    exchange = begin(ask(OPENAI, tools=[TOOL]), NEWER_CLAUDE)
    kept = json.loads(exchange.plain(json.dumps(answer).encode(), is_stream=False))["choices"][0]["message"]
    history = [HELLO, kept, answered("toolu_1", "a")]
    found: list[dict[str, Any]] = sent(OPENAI, NEWER_CLAUDE, tools=[TOOL], messages=history)["messages"][1]["content"]
    return found


def test_trap_28_thinking_comes_back_before_its_call_as_it_was() -> None:
    assert round_trip(NATIVE[0]) == [NATIVE[0], use("toolu_1")]


def test_trap_29_redacted_thinking_comes_back_too() -> None:
    assert round_trip(*NATIVE) == [*NATIVE, use("toolu_1")]


def test_trap_30_thinking_is_asked_for_in_words_where_we_ask_and_left_alone_where_we_pass() -> None:
    assert sent(OPENAI, NEWER_CLAUDE, reasoning_effort="high")["thinking"] == {
        "type": "adaptive",
        "display": "summarized",
    }
    passed = ask(ANTHROPIC, thinking={"type": "adaptive", "display": "omitted"})
    assert b'"thinking": {"type": "adaptive", "display": "omitted"}' in begin(passed, NEWER_CLAUDE).request


def test_trap_31_a_server_gets_the_reasoning_of_its_calls_back() -> None:
    own = {"type": "thinking", "thinking": "Hm.", "signature": "gw1."}
    history = [HELLO, assistant(own, use("call_1")), user(result("call_1", text("a")))]
    assert sent(ANTHROPIC, SERVER, messages=history)["messages"][1]["reasoning_content"] == "Hm."
    assert "gw1." not in json.dumps(sent(ANTHROPIC, SERVER, messages=history))


@pytest.mark.parametrize("backend", [OLDER_CLAUDE, NEWER_CLAUDE], ids=str)
def test_trap_32_a_forced_call_turns_thinking_off_and_says_so(backend: Any) -> None:
    fields: dict[str, Any] = {"tools": [TOOL], "tool_choice": "required", "reasoning_effort": "high"}
    request = sent(OPENAI, backend, **fields)
    assert request["tool_choice"]["type"] == "any"
    assert request.get("thinking", {"type": "disabled"}) == {"type": "disabled"}
    assert warned(OPENAI, backend, **fields) & {"reasoning_effort", "thinking", "tool_choice"}


def test_trap_33_sampling_that_a_model_refuses_is_left_out_and_told() -> None:
    fields = {"temperature": 0.5, "top_p": 0.9, "top_k": 5}
    assert not set(fields) & set(sent(OPENAI, NEWER_CLAUDE, **fields))
    assert warned(OPENAI, NEWER_CLAUDE, **fields) >= {"temperature", "top_p", "top_k"}
    older = sent(OPENAI, OLDER_CLAUDE, **fields)
    assert (older["temperature"], "top_p" in older) == (0.5, False)
    assert "top_p" in warned(OPENAI, OLDER_CLAUDE, **fields)


@pytest.mark.parametrize(("limit", "budget"), [(None, 16384), (9000, 9000 - 1024), (2048, 1024), (1500, None)])
def test_trap_49_a_budget_stays_below_the_limit(limit: int | None, budget: int | None) -> None:
    fields = {} if limit is None else {"max_tokens": limit}
    request = sent(OPENAI, OLDER_CLAUDE, reasoning_effort="high", **fields)
    assert request.get("thinking", {}).get("budget_tokens") == budget
    assert budget is None or budget < request["max_tokens"]
    assert limit is None or request["max_tokens"] == limit
    assert (budget is None) == bool(warned(OPENAI, OLDER_CLAUDE, reasoning_effort="high", **fields))


def test_trap_50_a_turn_to_be_continued_goes_where_a_model_continues_it() -> None:
    begun = {"role": "assistant", "content": "Paris is \n", "thinking_blocks": NATIVE[:1]}
    turn = sent(OPENAI, OLDER_CLAUDE, messages=[HELLO, begun])["messages"][-1]
    assert turn == {"role": "assistant", "content": [NATIVE[0], text("Paris is")]}
    with pytest.raises(Untranslatable) as caught:
        sent(OPENAI, NEWER_CLAUDE, messages=[HELLO, begun])
    assert caught.value.kind is Kind.PREFILL_UNSUPPORTED
    called = {"role": "assistant", "content": None, "tool_calls": [call("call_1")]}
    with pytest.raises(Untranslatable):
        sent(OPENAI, OLDER_CLAUDE, messages=[HELLO, called])
