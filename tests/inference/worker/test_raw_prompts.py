"""Raw prompts: text that the model goes on with, without a template and without markers."""

import pytest

from inference import ir
from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from inference.worker.adapter import TokenizerWrapper
from tests.local_models import WEATHER, ask, complete, question

CAPITAL = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
WITHOUT_THINKING = f"{CAPITAL}<think>\n\n</think>\n\n"
PARIS = "The capital of France is Paris."
COUNT = "<|im_start|>user\nCount to 20.<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n1 2 3"


@pytest.mark.parametrize("model", ["mlxmanager/demo", "test/base"])
async def test_a_text_is_completed_as_it_stands(local: LocalBackend, model: str) -> None:
    completed = await complete(local, WITHOUT_THINKING, model=model)
    assert (completed.text, completed.finished.stop_reason) == (PARIS, "end_turn")
    chatted = await ask(local, question("What is the capital of France?"))
    assert completed.finished.usage == chatted.finished.usage


async def test_a_text_of_tokens_is_the_same(local: LocalBackend, tokenizer: TokenizerWrapper) -> None:
    tokens = tuple(tokenizer.encode(WITHOUT_THINKING))
    assert (await complete(local, tokens)).events == (await complete(local, WITHOUT_THINKING)).events


async def test_the_space_between_prompt_and_text_is_kept(local: LocalBackend) -> None:
    assert (await complete(local, COUNT, max_tokens=4)).text == " 4 5"


async def test_what_is_written_is_text_even_where_it_looks_like_thinking(local: LocalBackend) -> None:
    completed = await complete(local, CAPITAL)
    assert completed.text == f"<think>\nThe capital of France is known.\n</think>\n\n{PARIS}"
    assert completed.thinking == ""
    assert completed.finished.usage.reasoning_tokens == 0


async def test_a_call_of_a_tool_is_text(local: LocalBackend, tokenizer: TokenizerWrapper) -> None:
    turn = {"role": "user", "content": "What is the weather in Paris?"}
    function = {"name": WEATHER.name, "description": WEATHER.description, "parameters": WEATHER.input_schema}
    prompt = tokenizer.apply_chat_template(
        [turn],
        tools=[{"type": "function", "function": function}],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=False,
    )
    completed = await complete(local, prompt)
    assert completed.calls == []
    assert completed.text.startswith('<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}')


async def test_the_echo_begins_the_text_and_changes_nothing_else(
    local: LocalBackend, tokenizer: TokenizerWrapper
) -> None:
    plain = await complete(local, WITHOUT_THINKING)
    for prompt in (WITHOUT_THINKING, tuple(tokenizer.encode(WITHOUT_THINKING))):
        echoed = await complete(local, prompt, echo=True)
        assert echoed.text == WITHOUT_THINKING + plain.text
        assert echoed.finished == plain.finished


async def test_stops_are_looked_for_in_what_is_written_alone(local: LocalBackend) -> None:
    completed = await complete(local, COUNT, echo=True, stop=("2 3", "6"), max_tokens=60)
    assert completed.text == f"{COUNT} 4 5 "
    assert (completed.finished.stop_reason, completed.finished.stop_sequence) == ("stop_sequence", "6")


async def test_a_seed_gives_the_same_text_again(local: LocalBackend) -> None:
    samplings = [ir.Sampling(temperature=1.5, seed=seed) for seed in (4, 4, 5)]
    first, again, other = [await complete(local, "Tell me", max_tokens=20, sampling=each) for each in samplings]
    assert first.text == again.text != other.text


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("", Kind.INVALID_VALUE),
        ((), Kind.INVALID_VALUE),
        ((5, -1), Kind.INVALID_VALUE),
        ((1024,), Kind.INVALID_VALUE),
        ("apple " * 5000, Kind.CONTEXT_LENGTH_EXCEEDED),
        ((5,) * 4097, Kind.CONTEXT_LENGTH_EXCEEDED),
    ],
    ids=["no text", "no tokens", "negative", "too high", "long text", "long tokens"],
)
async def test_a_prompt_that_cannot_be_read_is_refused_and_the_next_is_answered(
    local: LocalBackend, prompt: str | tuple[int, ...], kind: Kind
) -> None:
    with pytest.raises(BackendError) as caught:
        await complete(local, prompt)
    assert (caught.value.kind, caught.value.param) == (kind, "prompt")
    assert (await complete(local, WITHOUT_THINKING)).text == PARIS


async def test_a_model_without_a_template_does_not_chat(local: LocalBackend) -> None:
    with pytest.raises(BackendError) as caught:
        await ask(local, question("Hello"), model="test/base")
    assert caught.value.kind is Kind.UNSUPPORTED_ENDPOINT
