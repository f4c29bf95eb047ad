"""The borders of a prompt stand where other prompts leave it: behind the system part, and behind the last turn."""

from typing import Any

import msgspec
import pytest
from transformers import PreTrainedTokenizerFast

from inference import ir
from inference.installed import DEMO_FOLDER
from inference.protocols.native import Job
from inference.worker import prompts
from inference.worker.adapter import TokenizerWrapper, load_tokenizer
from inference.worker.borders import Borders
from tests.local_models import WEATHER, question

NO_SYSTEM = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}<|im_start|>{{ m.role }}\n"
    "{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
BRACKETS = (
    "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %}{{ m.content }}"
    "<|im_end|>{% endif %}{% endfor %}"
)
SYSTEM = (ir.Text("You are a helpful assistant. Be brief."),)


@pytest.fixture(params=["demo", "no system", "brackets"])
def templated(request: pytest.FixtureRequest) -> TokenizerWrapper:
    tokenizer: TokenizerWrapper = load_tokenizer(DEMO_FOLDER)
    template = {"no system": NO_SYSTEM, "brackets": BRACKETS}.get(request.param)
    if template is not None:
        inner: PreTrainedTokenizerFast = tokenizer._tokenizer
        inner.chat_template = template
    return tokenizer


def job(*texts: str, **fields: Any) -> Job:
    """A conversation in which user and assistant take turns."""
    roles: tuple[ir.Role, ir.Role] = ("user", "assistant")
    messages = tuple(ir.Message(roles[i % 2], (ir.Text(text),)) for i, text in enumerate(texts))
    return Job(msgspec.structs.replace(question("", system=SYSTEM, **fields), messages=messages), thinking=False)


def read(tokenizer: TokenizerWrapper, asked: Job) -> tuple[list[int], tuple[int, ...]]:
    tokens = prompts.render(asked, tokenizer, most=4096).tokens
    return tokens, Borders(tokenizer).find(asked, tokens)


def test_the_next_turn_goes_on_at_the_last_border(templated: TokenizerWrapper) -> None:
    tokens, borders = read(templated, job("Say hi.", tools=(WEATHER,)))
    later, _ = read(templated, job("Say hi.", "hi", "Again.", tools=(WEATHER,)))
    assert later[: borders[-1]] == tokens[: borders[-1]]
    # Of the prompt there is left what opens the answer, or its last token.
    assert 0 < len(tokens) - borders[-1] <= 7


def test_another_conversation_goes_on_at_the_end_of_the_system_part(tokenizer: TokenizerWrapper) -> None:
    tokens, borders = read(tokenizer, job("Say hi.", tools=(WEATHER,)))
    other, again = read(tokenizer, job("Count to 3.", "1 2 3", "And to 5.", tools=(WEATHER,)))
    assert borders[0] == again[0]
    assert other[: borders[0]] == tokens[: borders[0]]
    text = tokenizer.decode(tokens[: borders[0]])
    assert "Be brief." in text
    assert "get_weather" in text
    assert "Say" not in text


def test_another_system_part_has_another_border(tokenizer: TokenizerWrapper) -> None:
    borders = Borders(tokenizer)
    asked = [job("Say hi.", tools=(WEATHER,)), job("Say hi."), job("Say hi.", tools=(WEATHER,))]
    first, second, third = (borders.find(each, prompts.render(each, tokenizer, most=4096).tokens) for each in asked)
    assert first == third
    assert first[0] > second[0]


def test_an_answer_that_was_begun_stands_behind_the_last_border(tokenizer: TokenizerWrapper) -> None:
    tokens, borders = read(tokenizer, job("Say hi.", "I say"))
    assert borders[-1] == len(tokens) - 1


def test_a_raw_prompt_has_one_border_at_its_end(tokenizer: TokenizerWrapper) -> None:
    raw = Job(ir.Request("any", ()), prompt="once upon a time")
    tokens, borders = read(tokenizer, raw)
    assert borders == (len(tokens) - 1,)
