"""The grammar of a whole answer: what a tokenizer's markers and the prompt make of a form."""

from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols.native import Job
from inference.worker import forms, grammars
from inference.worker.adapter import TokenizerWrapper
from inference.worker.constraints import Constraint, constraint
from inference.worker.holding import Held
from tests.local_models import WEATHER, question
from tests.schemas import record

JSON = '{"city": "Rome"}'
CITY = ir.OutputFormat(record(city={"enum": ["Rome"]}))
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>'
STRICT = ir.Tool(WEATHER.name, record(city={"enum": ["Rome"]}), strict=True)


@dataclass
class Words:
    """The demo model's tokenizer with markers that are no tokens of their own."""

    real: TokenizerWrapper
    think_start: str = "[think]"
    think_end: str = "[/think]"
    tool_call_start: str = "[call]"
    tool_call_end: str = "[/call]"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def __hash__(self) -> int:
        return id(self)


def held(tokenizer: Any, *, thinks: bool = False, may_think: bool = False, **fields: Any) -> Constraint:
    form = forms.form(Job(question("Hello", **fields)))
    assert form is not None
    grammar = grammars.grammar(form, tokenizer, thinks=thinks, may_think=may_think)
    assert grammar is not None
    return constraint(grammar, tokenizer, param=form.param)


def accepts(held: Constraint, text: str, tokenizer: Any) -> bool:
    """Whether the text may be written, and be the whole answer."""
    (end,) = tokenizer.eos_token_ids
    for token in [*tokenizer.encode(text, add_special_tokens=False), end]:
        if not held.allowed()[token]:
            return False
        held.advance(token)
    return not held.has_failed


@pytest.mark.parametrize(
    ("thinks", "may_think", "text", "expected"),
    [
        (False, False, JSON, True),
        (False, False, f"<think>hm</think>{JSON}", False),
        (False, True, JSON, True),
        (False, True, f"<think>hm</think>\n\n{JSON}", True),
        (False, True, f"<think></think>{JSON}", True),
        (False, True, f"hm</think>{JSON}", False),
        (True, False, f"hm, {{}}\n</think>\n\n{JSON}", True),
        (True, False, JSON, False),
        (True, False, "hm", False),
        (True, False, f"hm <tool_call></think>{JSON}", False),
        (False, False, f" {JSON}", False),
        (False, False, f"{JSON} And more", False),
        (False, False, JSON[:-1], False),
    ],
)
def test_thinking_stands_before_json_where_it_may(
    tokenizer: TokenizerWrapper, thinks: bool, may_think: bool, text: str, expected: bool
) -> None:
    assert accepts(held(tokenizer, thinks=thinks, may_think=may_think, output=CITY), text, tokenizer) is expected


@pytest.mark.parametrize(
    ("choice", "text", "expected"),
    [
        (ir.ToolChoice("any"), CALL, True),
        (ir.ToolChoice("any"), f"{CALL}\n{CALL}", True),
        (ir.ToolChoice("any", parallel=False), f"{CALL}\n{CALL}", False),
        (ir.ToolChoice("any"), f"Well. {CALL}", False),
        (ir.ToolChoice("any"), "", False),
        (ir.ToolChoice("any"), CALL.replace("Rome", "Oslo"), False),
        (ir.ToolChoice("any"), CALL.replace("get_weather", "other"), False),
        (ir.ToolChoice("tool", "get_weather"), f"{CALL}\n{CALL}", False),
        (None, "Well.", True),
        (None, "", True),
        (None, CALL, True),
        (None, f"Well. {CALL}\n{CALL}", True),
        (None, CALL.replace("Rome", "Oslo"), False),
        (None, "Well. <tool_call>", False),
    ],
)
@pytest.mark.parametrize("words", [False, True])
def test_calls_stand_where_they_may(
    tokenizer: TokenizerWrapper, choice: ir.ToolChoice | None, text: str, expected: bool, words: bool
) -> None:
    known: Any = Words(tokenizer) if words else tokenizer
    if words:
        text = text.replace("</tool_call>", "[/call]").replace("<tool_call>", "[call]")
    assert accepts(held(known, tools=(STRICT,), tool_choice=choice), text, known) is expected


def test_thinking_is_found_by_words_too(tokenizer: TokenizerWrapper) -> None:
    words = Words(tokenizer)
    assert accepts(held(words, thinks=True, output=CITY), f"hm [ [/think]\n{JSON}", words)
    assert accepts(held(words, may_think=True, output=CITY), f"[think]hm[/think]{JSON}", words)
    assert not accepts(held(words, thinks=True, output=CITY), f"hm {JSON}", words)


def test_a_model_without_calls_is_not_forced_to_make_one(tokenizer: TokenizerWrapper) -> None:
    class Silent(Words):
        has_tool_calling = False

    with pytest.raises(GatewayError) as caught:
        held(Silent(tokenizer), tools=(STRICT,), tool_choice=ir.ToolChoice("any"))
    assert (caught.value.kind, caught.value.param) == (Kind.UNSUPPORTED_PARAMETER, "tool_choice")
    assert accepts(held(Silent(tokenizer), tools=(STRICT,), output=CITY), JSON, tokenizer)


def test_an_answer_of_another_layout_is_not_held(tokenizer: TokenizerWrapper) -> None:
    class Channels(Words):
        response_initial_state = "channel"

    with pytest.raises(GatewayError) as caught:
        held(Channels(tokenizer), output=CITY)
    assert (caught.value.kind, caught.value.param) == (Kind.UNSUPPORTED_PARAMETER, "response_format")


@pytest.mark.parametrize("width", [1000, 1024, 1500])
def test_a_model_may_have_room_for_other_tokens_than_its_tokenizer(tokenizer: TokenizerWrapper, width: int) -> None:
    processor = Held(held(tokenizer, output=CITY), None)
    logits = processor(mx.array([1, 2, 3]), mx.zeros((1, width)))
    assert logits.shape == (1, width)
    allowed = [tokenizer.decode([token]) for token in np.nonzero(np.isfinite(np.array(logits[0])))[0]]
    assert allowed
    assert all(JSON.startswith(text) for text in allowed)
