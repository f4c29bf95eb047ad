"""The order of a conversation that every vendor demands, whatever a client sends."""

import json
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.protocols import anthropic_messages, openai_chat
from inference.protocols import turns as conversation
from inference.protocols.codec import Aim
from inference.protocols.turns import NO_RESULT
from inference.protocols.warnings import Warnings
from tests.inference.conversations import CONVERSATIONS


def user(*blocks: ir.Block) -> ir.Message:
    return ir.Message("user", blocks)


def assistant(*blocks: ir.Block) -> ir.Message:
    return ir.Message("assistant", blocks)


def call(identifier: str) -> ir.ToolUse:
    return ir.ToolUse(identifier, "f", {})


def result(identifier: str, text: str) -> ir.ToolResult:
    return ir.ToolResult(identifier, (ir.Text(text),))


HELLO = ir.Text("Hello")


def paired(messages: list[ir.Message]) -> list[ir.Message]:
    return conversation.paired(messages, Warnings())


def test_results_come_first_in_the_order_of_the_calls() -> None:
    turns = paired([assistant(call("a"), call("b")), user(HELLO, result("b", "2")), user(result("a", "1"))])
    assert turns[1:] == [user(result("a", "1"), result("b", "2"), HELLO)]


def test_a_system_message_never_parts_calls_from_results() -> None:
    system = ir.Message("system", (HELLO,))
    turns = paired([assistant(call("a")), system, user(result("a", "1"))])
    assert turns[1:] == [user(result("a", "1")), system]


def test_a_call_without_a_result_gets_one_that_says_so() -> None:
    turns = paired([assistant(call("a")), user(HELLO)])
    assert turns[1] == user(ir.ToolResult("a", (ir.Text(NO_RESULT),), is_error=True), HELLO)


def test_a_result_without_a_call_becomes_text() -> None:
    assert paired([user(result("a", "1"))]) == [user(ir.Text("1"))]


def test_the_last_of_several_results_counts() -> None:
    turns = paired([assistant(call("a")), user(result("a", "1"), result("a", "2"))])
    assert turns[1] == user(result("a", "2"))


def test_calls_that_share_an_id_take_their_results_in_order() -> None:
    turns = paired([assistant(call(""), call("")), user(result("", "1"), result("", "2"))])
    first, second = (block.id for block in turns[0].content if isinstance(block, ir.ToolUse))
    assert first != second
    assert turns[1] == user(result(first, "1"), result(second, "2"))


@pytest.mark.parametrize(
    ("following", "reason"),
    [
        ((HELLO,), "missing_tool_result"),
        ((result("a", "1"), result("a", "2")), "duplicate_tool_result"),
        ((result("a", "1"), result("b", "2")), "orphan_tool_result"),
    ],
)
def test_what_was_mended_is_told(following: tuple[ir.Block, ...], reason: str) -> None:
    warnings = Warnings()
    conversation.paired([assistant(call("a")), user(*following)], warnings)
    assert list(warnings) == [("messages", reason)]


def test_a_conversation_in_order_needs_no_warning() -> None:
    warnings = Warnings()
    conversation.paired([user(HELLO), assistant(call("a")), user(result("a", "1"), HELLO)], warnings)
    assert not list(warnings)


def test_an_id_that_another_rewritten_one_equals_stays_apart() -> None:
    odd = "functions.Bash:0"
    (rewritten,) = (
        block.id for block in paired([assistant(call(odd)), user(HELLO)])[0].content if isinstance(block, ir.ToolUse)
    )
    turns = paired([assistant(call(odd), call(rewritten)), user(result(rewritten, "2"), result(odd, "1"))])
    assert [block.content for block in turns[1].content if isinstance(block, ir.ToolResult)] == [
        (ir.Text("1"),),
        (ir.Text("2"),),
    ]


def test_a_conversation_that_ends_with_a_call_is_refused() -> None:
    with pytest.raises(Untranslatable) as caught:
        paired([user(HELLO), assistant(call("a"))])
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "messages")


def rendered(codec: Any, messages: tuple[ir.Message, ...]) -> list[dict[str, Any]]:
    body = codec.render_request(ir.Request("m", messages), Aim("some-model")).body
    found: list[dict[str, Any]] = json.loads(body)["messages"]
    return found


@given(CONVERSATIONS)
def test_anthropic_gets_turns_in_its_order(messages: tuple[ir.Message, ...]) -> None:
    turns = rendered(anthropic_messages, messages)
    assert turns[0]["role"] == "user"
    assert all(before["role"] != after["role"] for before, after in pairwise(turns))
    assert all(turn["content"] for turn in turns)
    texts = [block["text"] for turn in turns for block in turn["content"] if block["type"] == "text"]
    assert all(text.strip() for text in texts)


@given(CONVERSATIONS)
def test_anthropic_gets_exactly_one_result_for_each_call(messages: tuple[ir.Message, ...]) -> None:
    turns = rendered(anthropic_messages, messages)
    seen: set[str] = set()
    for before, after in pairwise([{"content": []}, *turns]):
        calls = [block["id"] for block in before["content"] if block["type"] == "tool_use"]
        results = [block.get("tool_use_id") for block in after["content"]]
        assert results[: len(calls)] == calls
        assert not any(results[len(calls) :])
        assert all(re.fullmatch("[a-zA-Z0-9_-]+", identifier) for identifier in calls)
        assert seen.isdisjoint(calls)
        assert len(set(calls)) == len(calls)
        seen |= set(calls)


@given(CONVERSATIONS)
def test_anthropic_gets_thinking_first_and_only_its_own(messages: tuple[ir.Message, ...]) -> None:
    order = {"thinking": 0, "redacted_thinking": 0, "text": 1, "tool_use": 2}
    for turn in rendered(anthropic_messages, messages):
        if turn["role"] == "assistant":
            kinds = [order[block["type"]] for block in turn["content"]]
            assert kinds == sorted(kinds)
            assert all(block["signature"] == "c2lnbmVk" for block in turn["content"] if block["type"] == "thinking")


@given(CONVERSATIONS)
def test_openai_gets_a_tool_message_for_each_call_right_behind_it(messages: tuple[ir.Message, ...]) -> None:
    found = rendered(openai_chat, messages)
    position = 0
    while position < len(found):
        message = found[position]
        calls = [call["id"] for call in message.get("tool_calls", [])]
        answers = found[position + 1 : position + 1 + len(calls)]
        assert [answer.get("tool_call_id") for answer in answers] == calls
        assert message["role"] != "tool"
        assert "content" in message
        position += 1 + len(calls)


@given(CONVERSATIONS)
def test_what_was_said_survives_the_way_to_anthropic_and_back(messages: tuple[ir.Message, ...]) -> None:
    original = ir.Request("m", messages)
    body = json.loads(anthropic_messages.render_request(original, Aim("m")).body)
    returned = anthropic_messages.parse_request(json.dumps(body).encode(), Warnings())
    again = json.loads(anthropic_messages.render_request(returned, Aim("m")).body)
    assert again["messages"] == body["messages"]


@given(CONVERSATIONS)
def test_what_was_said_survives_the_way_to_openai_and_back(messages: tuple[ir.Message, ...]) -> None:
    body = openai_chat.render_request(ir.Request("m", messages), Aim("m")).body
    returned = openai_chat.parse_request(body, Warnings())
    assert json.loads(openai_chat.render_request(returned, Aim("m")).body)["messages"] == json.loads(body)["messages"]
