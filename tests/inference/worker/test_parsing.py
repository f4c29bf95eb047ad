"""Tokens to events, with the demo model's tokenizer and texts that no model was asked for."""

from typing import Any

import pytest

from inference import ir
from inference.worker.adapter import TokenizerWrapper
from inference.worker.parsing import Answer
from tests.local_models import Answered

TOOLS: list[dict[str, Any]] = [{"type": "function", "function": {"name": "get_weather", "parameters": {}}}]
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Zürich"}}\n</tool_call>'


class Read(Answered):
    """The events of a text, fed token by token, and the answer's end."""

    def __init__(
        self,
        tokenizer: TokenizerWrapper,
        text: str,
        *,
        tools: bool = False,
        stops: tuple[str, ...] = (),
        thinks: bool = False,
        raw: bool = False,
        literal: bool = False,
        reason: ir.StopReason = "end_turn",
    ) -> None:
        self.answer = Answer(tokenizer, TOOLS if tools else [], stops, thinks=thinks, raw=raw, literal=literal)
        events: list[ir.Event] = []
        for token in tokenizer.encode(text, add_special_tokens=False):
            events += self.answer.feed(token)
            if self.answer.stop_reason is not None:
                break
        else:
            events += self.answer.end(reason, token=reason == "end_turn")
        super().__init__(events)


@pytest.mark.parametrize(
    "text", ["plain", "two\n\nparagraphs", "ends with space \n", "grüße 👋🏽 日本語", "a < b <tool", "<"]
)
def test_text_comes_out_as_it_was_written(tokenizer: TokenizerWrapper, text: str) -> None:
    assert Read(tokenizer, text, tools=True).text == text


def test_thinking_is_trimmed_and_told_apart(tokenizer: TokenizerWrapper) -> None:
    read = Read(tokenizer, "<think>\nI see.\n</think>\n\nYes.\n")
    assert (read.thinking, read.text) == ("I see.", "Yes.\n")


def test_an_answer_may_begin_inside_the_thinking(tokenizer: TokenizerWrapper) -> None:
    read = Read(tokenizer, "\nI see.\n</think>\n\nYes.", thinks=True)
    assert (read.thinking, read.text) == ("I see.", "Yes.")


def test_thinking_that_does_not_end_is_thinking(tokenizer: TokenizerWrapper) -> None:
    read = Read(tokenizer, "<think>\nI wonder", reason="max_tokens")
    assert (read.thinking, read.text, read.answer.stop_reason) == ("I wonder", "", "max_tokens")


def test_empty_thinking_is_nothing(tokenizer: TokenizerWrapper) -> None:
    assert Read(tokenizer, "<think>\n\n</think>\n\nYes.").events == [
        ir.TextDelta("Y"),
        ir.TextDelta("es"),
        ir.TextDelta("."),
    ]


def test_a_call_comes_whole(tokenizer: TokenizerWrapper) -> None:
    read = Read(tokenizer, f"I will look.\n\n{CALL}\n{CALL}", tools=True)
    assert read.text == "I will look."
    assert read.calls == [("get_weather", {"city": "Zürich"})] * 2
    assert ir.ToolDelta('{"city":"Zürich"}') in read.events
    assert read.answer.stop_reason == "tool_use"


def test_a_call_without_its_end_is_read_where_the_model_has_ended(tokenizer: TokenizerWrapper) -> None:
    assert Read(tokenizer, CALL.removesuffix("</tool_call>"), tools=True).calls == [("get_weather", {"city": "Zürich"})]


def test_a_call_that_was_cut_is_text_and_not_run(tokenizer: TokenizerWrapper) -> None:
    cut = CALL.removesuffix("\n</tool_call>")
    read = Read(tokenizer, cut, tools=True, reason="max_tokens")
    assert (read.calls, read.text, read.answer.stop_reason) == ([], cut, "max_tokens")


@pytest.mark.parametrize(
    "inside", ["not json", '{"name": 5, "arguments": {}}', '{"name": "f", "arguments": [1]}', "{}", "[]"]
)
def test_a_call_that_cannot_be_read_comes_back_as_text(tokenizer: TokenizerWrapper, inside: str) -> None:
    text = f"<tool_call>\n{inside}\n</tool_call>"
    read = Read(tokenizer, text, tools=True)
    assert (read.calls, read.answer.stop_reason) == ([], "end_turn")
    assert read.text == text


def test_without_tools_a_marker_is_only_text(tokenizer: TokenizerWrapper) -> None:
    assert Read(tokenizer, f"Write {CALL} to call.").text == f"Write {CALL} to call."


def test_a_call_without_arguments_has_an_empty_object(tokenizer: TokenizerWrapper) -> None:
    text = '<tool_call>\n{"name": "get_weather", "arguments": ""}\n</tool_call>'
    assert Read(tokenizer, text, tools=True).calls == [("get_weather", {})]


@pytest.mark.parametrize("stop", ["ow can I he", " help", "today?", "Hello"])
def test_a_stop_string_is_found_across_tokens(tokenizer: TokenizerWrapper, stop: str) -> None:
    text = "Hello! How can I help you today?"
    read = Read(tokenizer, text, stops=("absent", stop, ""))
    assert read.text == text[: text.index(stop)]
    assert (read.answer.stop_reason, read.answer.stop_sequence) == ("stop_sequence", stop)


def test_white_space_ahead_of_a_stop_string_is_kept(tokenizer: TokenizerWrapper) -> None:
    assert Read(tokenizer, "one \n\nEND", stops=("END",)).text == "one \n\n"


def test_a_stop_string_is_not_looked_for_in_thinking_and_calls(tokenizer: TokenizerWrapper) -> None:
    read = Read(tokenizer, f"<think>\nZürich?\n</think>\n\n{CALL}", tools=True, stops=("Zürich",))
    assert (read.thinking, read.calls) == ("Zürich?", [("get_weather", {"city": "Zürich"})])


def test_every_token_is_counted(tokenizer: TokenizerWrapper) -> None:
    thinking, text = "<think>\nI see.\n</think>", "\n\nYes."
    read = Read(tokenizer, thinking + text)
    counts = [len(tokenizer.encode(part, add_special_tokens=False)) for part in (thinking, text)]
    assert read.answer.thinking_tokens == counts[0]
    assert read.answer.tokens == sum(counts) + 1


def test_a_raw_answer_is_text_whatever_it_holds(tokenizer: TokenizerWrapper) -> None:
    text = f"<think>\nI call.\n</think>\n\n{CALL} \n"
    read = Read(tokenizer, text, tools=True, raw=True)
    assert (read.text, read.thinking, read.calls) == (text, "", [])
    assert read.answer.thinking_tokens == 0


def test_a_raw_answer_ends_at_a_stop_string(tokenizer: TokenizerWrapper) -> None:
    read = Read(tokenizer, "<think> one two three", stops=("two",), raw=True)
    assert (read.text, read.answer.stop_sequence) == ("<think> one ", "two")


def test_markers_in_an_answer_that_is_json_are_text(tokenizer: TokenizerWrapper) -> None:
    text = '{"a": "<think>hm</think> <tool_call>", "b": "<"}'
    read = Read(tokenizer, f"<think>I see.</think>\n\n{text}", tools=True, literal=True)
    assert (read.thinking, read.text, read.calls) == ("I see.", text, [])


def test_stop_strings_are_found_in_an_answer_that_is_json(tokenizer: TokenizerWrapper) -> None:
    for stop, text in [('"b', '{"a": "<think>", '), ('{"a', ""), ('a": "<', '{"')]:
        assert Read(tokenizer, '{"a": "<think>", "b": 1}', stops=(stop,), literal=True).text == text


def test_an_answer_that_may_be_json_may_be_a_call(tokenizer: TokenizerWrapper) -> None:
    assert Read(tokenizer, CALL, tools=True, literal=True).calls == [("get_weather", {"city": "Zürich"})]
