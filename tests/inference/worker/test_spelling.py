"""Tokens and the text they spell, with the demo model's tokenizer and texts that no model was asked for."""

import time
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import ir
from inference.worker.adapter import TokenizerWrapper
from inference.worker.parsing import Answer
from inference.worker.spelling import Likelihood, Spelling, spell
from tests.inference.worker.test_parsing import CALL, TOOLS
from tests.local_models import Answered


class Spelt(Answered):
    """The events of a text, fed token by token; the likelihood of each token is its number, made negative."""

    def __init__(
        self,
        tokenizer: TokenizerWrapper,
        text: str | list[int],
        *,
        reason: ir.StopReason = "end_turn",
        stops: tuple[str, ...] = (),
        **options: Any,
    ) -> None:
        self.fed = tokenizer.encode(text, add_special_tokens=False) if isinstance(text, str) else text
        answer = Answer(tokenizer, TOOLS, stops, spelling=Spelling(tokenizer), **options)
        events: list[ir.Event] = []
        for token, number in zip(self.fed, count(), strict=False):
            events += answer.feed(token, Likelihood(-float(number), [(token, -float(number))]))
            if answer.stop_reason is not None:
                break
        else:
            events += answer.end(reason, token=reason == "end_turn")
        super().__init__(events)

    @property
    def tokens(self) -> list[ir.Token]:
        return [token for event in self.events if isinstance(event, ir.TextDelta) for token in event.tokens]

    @property
    def spelt(self) -> str:
        return b"".join(token.data for token in self.tokens).decode()

    @property
    def numbers(self) -> list[int]:
        return [-int(token.logprob or 0) for token in self.tokens]


@pytest.mark.parametrize(
    "text", ["plain", " leads", "two\n\nparagraphs", "ends with space \n", "grüße 👋🏽 日本語", "a < b <tool", "<"]
)
def test_the_tokens_spell_the_text_and_each_is_told_once(tokenizer: TokenizerWrapper, text: str) -> None:
    spelt = Spelt(tokenizer, text)
    assert spelt.spelt == spelt.text
    assert spelt.numbers == list(range(len(spelt.fed)))


def test_a_character_of_several_tokens_has_a_piece_in_each(tokenizer: TokenizerWrapper) -> None:
    spelt = Spelt(tokenizer, "👋")
    assert len(spelt.tokens) > 1
    assert all(token.data == token.candidates[0].data for token in spelt.tokens)


def test_what_is_half_a_character_at_the_end_is_spelt_as_it_is_shown(tokenizer: TokenizerWrapper) -> None:
    half = tokenizer.encode("a👋", add_special_tokens=False)[:-1]
    spelt = Spelt(tokenizer, half, reason="max_tokens")
    assert spelt.text == "a\ufffd"
    assert spelt.spelt == spelt.text
    assert len(spelt.tokens) == len(half)


def test_thinking_calls_and_their_markers_are_not_among_them(tokenizer: TokenizerWrapper) -> None:
    spelt = Spelt(tokenizer, f"<think>\nI see.\n</think>\n\nLook: \n{CALL}\n\nDone.")
    assert (spelt.text, len(spelt.calls)) == ("Look:Done.", 1)
    assert spelt.spelt == spelt.text
    assert spelt.numbers == sorted(set(spelt.numbers))


def test_a_call_that_is_none_is_spelt_with_its_markers(tokenizer: TokenizerWrapper) -> None:
    spelt = Spelt(tokenizer, "So: <tool_call>\nno call</tool_call> after")
    assert "<tool_call>\nno call</tool_call>" in spelt.text
    assert spelt.spelt == spelt.text


@pytest.mark.parametrize("stop", ["7", "9 1", "8 9", " 6 7 8 9 10 ", "1 2"])
def test_what_a_stop_string_cuts_off_is_not_listed(tokenizer: TokenizerWrapper, stop: str) -> None:
    text = "1 2 3 4 5 6 7 8 9 10 11 12"
    spelt = Spelt(tokenizer, text, stops=("never", stop))
    assert spelt.text == text[: text.index(stop)]
    assert spelt.spelt == spelt.text


def test_the_part_of_a_token_before_a_stop_string_is_listed(tokenizer: TokenizerWrapper) -> None:
    (whole,) = tokenizer.encode(" capital", add_special_tokens=False)
    spelt = Spelt(tokenizer, [whole], stops=("pit",), raw=True)
    assert [token.data for token in spelt.tokens] in ([b"ca"], [b" ca"])
    assert spelt.tokens[0].candidates[0].data == b" capital"


PIECES = st.sampled_from(
    ["a", " b", "\n", "<think>", "</think>", "<tool", CALL, "</tool_call>", "👋", "stop", " ", "st"]
)


@given(st.lists(PIECES, max_size=12), st.sampled_from([(), ("stop",), ("\n a", "op")]), st.booleans())
def test_whatever_is_written_is_spelt_by_the_tokens_told(
    tokenizer: TokenizerWrapper, pieces: list[str], stops: tuple[str, ...], thinks: bool
) -> None:
    spelt = Spelt(tokenizer, "".join(pieces), stops=stops, thinks=thinks)
    assert spelt.spelt == spelt.text
    assert spelt.numbers == sorted(set(spelt.numbers))


def test_without_a_spelling_nothing_is_told(tokenizer: TokenizerWrapper) -> None:
    answer = Answer(tokenizer, [], ())
    (token, *_) = tokenizer.encode("word", add_special_tokens=False)
    assert answer.feed(token) + answer.end("max_tokens", token=False) == [ir.TextDelta(tokenizer.decode([token]))]


def test_a_token_of_a_long_prompt_costs_no_more_than_one_of_a_short(tokenizer: TokenizerWrapper) -> None:
    def cost(words: int) -> float:
        """Processor time for each, in seconds."""
        tokens, text = tokenizer.encode(" capital", add_special_tokens=False) * words, " capital" * words
        began = time.thread_time()
        spelt = spell(tokens, [Likelihood(-1.0)] * words, text, tokenizer=tokenizer)
        took = time.thread_time() - began
        assert b"".join(token.data for token in spelt).decode() == text
        return took / words

    # What grew with the prompt would cost 32 times as much. A busy machine has less cache for a large one.
    assert cost(320_000) < 10 * min(cost(10_000) for _ in range(3))


def test_what_a_token_stands_for_is_found_out_once(tokenizer: TokenizerWrapper) -> None:
    tokens = tokenizer.encode(" capital", add_special_tokens=False) * 2
    likelihoods = [Likelihood(-1.0, [(token, -2.0) for token in tokens])] * 2
    first, second = spell(tokens, likelihoods, " capital capital", tokenizer=tokenizer)
    assert first.candidates[0].data is second.candidates[0].data is second.candidates[1].data
