"""Traps of tools: their names, ids and schemas, and the order of calls and results."""

import json
from typing import Any

import pytest

from inference.errors import Untranslatable
from tests.inference.exchanges import ANTHROPIC, OPENAI, ask
from tests.inference.ordering import violations
from tests.inference.pairings import begin
from tests.inference.traps.probes import (
    CLAUDE_TOOL,
    GPT,
    NEWER_CLAUDE,
    OLDER_CLAUDE,
    SERVER,
    STOP,
    answered,
    assistant,
    block,
    call,
    call_pieces,
    called,
    chunk,
    delta,
    deltas,
    end,
    heard,
    piece,
    result,
    sent,
    start,
    text,
    use,
    user,
    warned,
)

HELLO = user("Hello")
LONG_NAME = "mcp__" + "server_" * 10 + "tool"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # one pixel
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}


def claude_turns(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    """OpenAI's messages as Anthropic gets them, in an order that it takes."""
    request = sent(OPENAI, OLDER_CLAUDE, messages=list(messages))
    assert violations(ANTHROPIC, request) == []
    found: list[dict[str, Any]] = request["messages"]
    return found


def gpt_messages(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    """Anthropic's messages as an OpenAI server gets them, in an order that it takes."""
    request = sent(ANTHROPIC, SERVER, messages=list(messages))
    assert violations(OPENAI, request) == []
    found: list[dict[str, Any]] = request["messages"]
    return found


def test_trap_08_empty_texts_are_left_out_where_we_translate_and_nowhere_else() -> None:
    empty = {"role": "assistant", "content": [text(""), text("Hi")]}
    assert gpt_messages(HELLO, empty, HELLO)[1]["content"] == "Hi"
    assert claude_turns(HELLO, empty, HELLO)[1]["content"] == [text("Hi")]
    passed = ask(ANTHROPIC, messages=[HELLO, empty, HELLO])
    assert b'{"type": "text", "text": ""}' in begin(passed, NEWER_CLAUDE).request


def test_trap_09_a_call_without_arguments_has_an_empty_object() -> None:
    opened = block(0, "tool_use", id="toolu_1", name="f", input={})
    chunks = heard(OPENAI, start(), opened, end("tool_use", output_tokens=1), STOP)
    assert "".join(made["function"]["arguments"] for made in call_pieces(chunks)) == "{}"
    empty = delta(0, "input_json_delta", partial_json="")
    chunks = heard(OPENAI, start(), opened, empty, end("tool_use", output_tokens=1), STOP)
    assert "".join(made["function"]["arguments"] for made in call_pieces(chunks)) == "{}"
    second = (block(1, "tool_use", id="toolu_2", name="g", input={}), delta(1, "input_json_delta", partial_json="{}"))
    chunks = heard(OPENAI, start(), opened, *second, end("tool_use", output_tokens=1), STOP)
    told = [(made["index"], made["function"]["arguments"]) for made in call_pieces(chunks)]
    assert told == [(0, ""), (0, "{}"), (1, ""), (1, "{}")]
    turns = claude_turns(HELLO, called(call("call_1", ""), call("call_2", " ")), answered("call_1", "a"))
    assert [made["input"] for made in turns[1]["content"]] == [{}, {}]


@pytest.mark.parametrize("arguments", ['{"x":', "[1]", '"x"', "null", "rm -rf"])
def test_trap_10_arguments_that_are_no_object_become_one_and_are_told(arguments: str) -> None:
    history = [HELLO, called(call("call_1", arguments)), answered("call_1", "a")]
    assert claude_turns(*history)[1]["content"][0]["input"] == {"_raw": arguments}
    assert "messages" in warned(OPENAI, OLDER_CLAUDE, messages=history)


def test_trap_11_results_come_first_and_together() -> None:
    history = [HELLO, called(call("call_1"), call("call_2")), answered("call_2", "b"), HELLO, answered("call_1", "a")]
    assert [part["type"] for part in claude_turns(*history)[2]["content"]] == ["tool_result", "tool_result", "text"]
    mixed = user(text("See."), result("call_2", text("b")), text("And."), result("call_1", text("a")))
    found = gpt_messages(HELLO, assistant(use("call_1"), use("call_2")), mixed)
    assert [message["role"] for message in found] == ["user", "assistant", "tool", "tool", "user"]
    assert [message.get("tool_call_id") for message in found[2:]] == ["call_1", "call_2", None]


def test_trap_12_images_of_results_come_behind_the_last_of_them() -> None:
    results = user(result("call_1", text("a"), IMAGE), result("call_2", text("b"), IMAGE))
    found = gpt_messages(HELLO, assistant(use("call_1"), use("call_2")), results)
    assert [message["role"] for message in found] == ["user", "assistant", "tool", "tool", "user"]
    shown = found[-1]["content"]
    assert [part["type"] for part in shown].count("image_url") == 2
    labels = " ".join(part["text"] for part in shown if part["type"] == "text")
    assert "call_1" in labels
    assert "call_2" in labels


def test_trap_13_an_image_in_a_result_is_kept() -> None:
    results = user(result("call_1", IMAGE))
    assert PNG in json.dumps(gpt_messages(HELLO, assistant(use("call_1")), results))


def test_trap_14_an_image_in_a_question_is_kept_or_refused() -> None:
    assert PNG in json.dumps(gpt_messages(user(text("What is it?"), IMAGE)))
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    assert claude_turns(user(text("What is it?"), part))[0]["content"][1] == IMAGE
    unknown = {"type": "image", "source": {"type": "file", "file_id": "file_1"}}
    with pytest.raises(Untranslatable) as caught:
        gpt_messages(user(text("What is it?"), unknown))
    assert (caught.value.param or "").startswith("messages[0].content[1]")


def test_trap_15_a_call_that_nobody_answered_gets_a_result() -> None:
    history = [HELLO, called(call("call_1"), call("call_2")), answered("call_2", "b")]
    first, second = claude_turns(*history)[2]["content"]
    assert (first["is_error"], second["content"]) == (True, [text("b")])
    assert "messages" in warned(OPENAI, OLDER_CLAUDE, messages=history)
    found = gpt_messages(HELLO, assistant(use("call_1"), use("call_2")), user(result("call_2", text("b"))))
    assert [message["role"] for message in found] == ["user", "assistant", "tool", "tool"]


@pytest.mark.parametrize("identifier", ["", "call_1"])
def test_trap_16_calls_that_share_an_id_are_told_apart(identifier: str) -> None:
    made = called(call(identifier, '{"x":1}'), call(identifier, '{"x":2}'))
    turns = claude_turns(HELLO, made, answered(identifier, "a"), answered(identifier, "b"))
    first, second = (used["id"] for used in turns[1]["content"])
    assert first != second
    assert [(part["tool_use_id"], part["content"]) for part in turns[2]["content"]] == [
        (first, [text("a")]),
        (second, [text("b")]),
    ]


def test_trap_17_an_odd_id_is_rewritten_on_both_sides_and_meets_no_other() -> None:
    odd = "functions.Bash:0"
    rewritten = claude_turns(HELLO, called(call(odd)), answered(odd, "a"))[1]["content"][0]["id"]
    history = [HELLO, called(call(rewritten), call(odd)), answered(odd, "a"), answered(rewritten, "b")]
    turns = claude_turns(*history)
    identifiers = [used["id"] for used in turns[1]["content"]]
    assert len(set(identifiers)) == 2
    assert [part["content"] for part in turns[2]["content"]] == [[text("b")], [text("a")]]
    fine = claude_turns(HELLO, called(call("call_1")), answered("call_1", "a"))
    assert fine[1]["content"][0]["id"] == "call_1"


def test_trap_19_a_long_name_is_shortened_and_given_back() -> None:
    tools = [CLAUDE_TOOL | {"name": LONG_NAME}]
    history = [HELLO, assistant(use("call_1", LONG_NAME)), user(result("call_1", text("a")))]
    choice = {"type": "tool", "name": LONG_NAME}
    request = sent(ANTHROPIC, GPT, tools=tools, messages=history, tool_choice=choice)
    short = request["tools"][0]["function"]["name"]
    assert (len(short) <= 64, short) == (True, request["messages"][1]["tool_calls"][0]["function"]["name"])
    assert request["tool_choice"]["function"]["name"] == short
    events = heard(ANTHROPIC, piece(0, "{}", id="call_2", name=short), chunk("tool_calls"), tools=tools)
    assert [event["content_block"]["name"] for event in events if "content_block" in event] == [LONG_NAME]
    assert deltas(events) == [(0, "{}")]


@pytest.mark.parametrize("word", ["oneOf", "anyOf", "allOf"])
def test_trap_20_alternatives_at_a_schemas_root_do_not_fail_the_request(word: str) -> None:
    schema = {word: [{"type": "object", "properties": {"a": {}}}, {"type": "object", "properties": {"b": {}}}]}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    (offered,) = sent(OPENAI, NEWER_CLAUDE, tools=[tool])["tools"]
    root = offered["input_schema"]
    assert (root["type"], set(root["properties"])) == ("object", {"a", "b"})
    assert not {"oneOf", "anyOf", "allOf"} & set(root)
    assert "tools" in warned(OPENAI, NEWER_CLAUDE, tools=[tool])
