"""Chat completions messages: a client's to the neutral form."""

from typing import Any

import pytest

from inference import ir
from inference.errors import GatewayError, Kind
from tests.inference.protocols.openai_requests import HELLO, conversation, parse_warnings, parsed

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
CACHED = {"cache_control": {"type": "ephemeral"}}


def assistant(**fields: Any) -> tuple[ir.Block, ...]:
    (message,) = conversation({"role": "assistant", **fields})
    return message.content


def test_leading_system_messages_are_the_system_texts() -> None:
    request = parsed(messages=[{"role": "system", "content": "A"}, {"role": "developer", "content": "B"}, HELLO])
    assert request.system == (ir.Text("A"), ir.Text("B"))
    assert request.messages == (ir.Message("user", (ir.Text("Hello"),)),)


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_later_system_message_stays_where_it_is(role: str) -> None:
    assert conversation(HELLO, {"role": role, "content": "B"})[1] == ir.Message("system", (ir.Text("B"),))


@pytest.mark.parametrize("role", ["system", "user", "assistant"])
def test_a_name_is_left_out_in_silence(role: str) -> None:
    assert not parse_warnings(messages=[{"role": role, "name": "Ann", "content": "a"}, HELLO])


def test_an_assistant_turn_is_thinking_text_and_calls() -> None:
    found = assistant(content="a", refusal="b", reasoning_content="hm", tool_calls=[CALL])
    assert found == (ir.Thinking("hm"), ir.Text("a"), ir.Text("b"), ir.ToolUse("call_1", "f", {"x": 1}))


def test_a_refusal_may_be_a_part() -> None:
    assert assistant(content=[{"type": "refusal", "refusal": "No."}]) == (ir.Text("No."),)


# Thinking.

SIGNED = {"type": "reasoning.text", "text": "hm", "signature": "sig", "format": "anthropic-claude-v1"}
REDACTED = {"type": "reasoning.encrypted", "data": "opaque", "format": "anthropic-claude-v1"}
FOREIGN = {"type": "reasoning.text", "text": "hm", "signature": "sig", "format": "google-gemini-v1"}
SUMMARY = {"type": "reasoning.summary", "summary": "so", "format": "openai-responses-v1"}
ENCRYPTED = {"type": "reasoning.encrypted", "data": "opaque", "format": "openai-responses-v1"}
BLOCKS = [
    {"type": "thinking", "thinking": "hm", "signature": "sig", "index": 0},
    {"type": "redacted_thinking", "data": "opaque", "index": 1},
]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"thinking_blocks": BLOCKS}, (ir.Thinking("hm", "sig"), ir.RedactedThinking("opaque"))),
        (
            {"thinking_blocks": BLOCKS, "reasoning_details": [SIGNED]},
            (ir.Thinking("hm", "sig"), ir.RedactedThinking("opaque")),
        ),
        ({"reasoning_details": [SIGNED, REDACTED]}, (ir.Thinking("hm", "sig"), ir.RedactedThinking("opaque"))),
        ({"reasoning_details": [SIGNED], "reasoning": "hm"}, (ir.Thinking("hm", "sig"),)),
        ({"reasoning_details": [FOREIGN]}, (ir.Thinking("hm"),)),
        ({"reasoning_details": [SUMMARY, ENCRYPTED]}, (ir.Thinking("so"),)),
        ({"reasoning_content": "a", "reasoning": "b", "reasoning_details": [SUMMARY]}, (ir.Thinking("a"),)),
        ({"reasoning_content": "", "reasoning": "b"}, (ir.Thinking("b"),)),
        ({"thinking_blocks": [], "reasoning": "b"}, (ir.Thinking("b"),)),
    ],
)
def test_native_thinking_wins_over_its_text_and_one_text_over_the_next(
    fields: dict[str, Any], expected: tuple[ir.Block, ...]
) -> None:
    assert assistant(content="a", **fields) == (*expected, ir.Text("a"))


# Calls and their results.


@pytest.mark.parametrize(
    ("arguments", "expected", "told"),
    [
        ("", {}, False),
        (" ", {}, False),
        (None, {}, False),
        ({"x": 1}, {"x": 1}, False),
        ('{"x": 1}', {"x": 1}, False),
        ('{"_raw": "x"}', {"_raw": "x"}, False),
        ("[1]", {"_raw": "[1]"}, True),
        ('"x"', {"_raw": '"x"'}, True),
        ('{"x":', {"_raw": '{"x":'}, True),
    ],
)
def test_arguments_are_always_an_object(arguments: object, expected: dict[str, Any], told: bool) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    message = {"role": "assistant", "tool_calls": [call]}
    assert conversation(message)[0].content == (ir.ToolUse("c", "f", expected),)
    field = "messages[0].tool_calls[0].function.arguments"
    assert parse_warnings(messages=[message]) == ([(field, "not_an_object")] if told else [])


def test_a_call_may_lack_its_type() -> None:
    call = {"id": "call_1", "function": {"name": "f", "arguments": "{}"}}
    assert assistant(tool_calls=[call]) == (ir.ToolUse("call_1", "f", {}),)


def test_a_call_of_a_custom_tool_has_one_argument() -> None:
    call = {"id": "c", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}
    assert assistant(tool_calls=[call]) == (ir.ToolUse("c", "sql", {"input": "select 1"}),)


def test_a_call_of_nothing_is_refused() -> None:
    with pytest.raises(GatewayError) as caught:
        assistant(tool_calls=[{"id": "c", "type": "function"}])
    assert caught.value.kind is Kind.MISSING_PARAMETER
    assert caught.value.param == "messages[0].tool_calls[0].function"


def test_a_tool_message_is_a_result() -> None:
    (message,) = conversation({"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "1"}]})
    assert message == ir.Message("user", (ir.ToolResult("c", (ir.Text("1"),)),))


def test_an_older_result_answers_the_last_call_of_its_function() -> None:
    messages = conversation(
        HELLO,
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"x":1}'}},
        {"role": "function", "name": "f", "content": "1"},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": ""}},
        {"role": "assistant", "content": None, "function_call": {"name": "g", "arguments": ""}},
        {"role": "function", "name": "f", "content": "2"},
    )
    assert [block for message in messages[1:] for block in message.content] == [
        ir.ToolUse("call_1", "f", {"x": 1}),
        ir.ToolResult("call_1", (ir.Text("1"),)),
        ir.ToolUse("call_3", "f", {}),
        ir.ToolUse("call_4", "g", {}),
        ir.ToolResult("call_3", (ir.Text("2"),)),
    ]


def test_an_older_result_of_no_call_keeps_its_text() -> None:
    assert conversation({"role": "function", "name": "f", "content": "1"})[0].content == (
        ir.ToolResult("call_0", (ir.Text("1"),)),
    )


# Caching.


@pytest.mark.parametrize(
    ("message", "last"),
    [
        ({"role": "user", "content": [{"type": "text", "text": t} for t in "ab"]}, ir.Text("b", cache="5m")),
        ({"role": "assistant", "tool_calls": [CALL]}, ir.ToolUse("call_1", "f", {"x": 1}, cache="5m")),
        ({"role": "tool", "tool_call_id": "c", "content": "1"}, ir.ToolResult("c", (ir.Text("1"),), cache="5m")),
        ({"role": "assistant", "reasoning": "hm"}, ir.Thinking("hm")),
    ],
)
def test_a_message_to_be_cached_is_so_up_to_its_last_block(message: dict[str, Any], last: ir.Block) -> None:
    assert conversation(message | CACHED)[0].content[-1] == last


def test_system_texts_may_be_cached() -> None:
    request = parsed(messages=[{"role": "system", "content": "A"} | CACHED, HELLO])
    assert request.system == (ir.Text("A", cache="5m"),)
