"""How likely each token was, held against one pass of the demo model over the whole text."""

import asyncio
from collections.abc import Iterator

import pytest

from inference import ir
from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from inference.protocols import native
from tests.likelihoods import chat_prompt, check, tokenizer
from tests.local_models import Answered, ask, complete, question

STORY = "Tell me a story about a cat."
LOOSE = ir.Sampling(temperature=1.5, seed=11)
# Each bends the distribution that is drawn from, and none the one that is told.
BENDING = [
    ir.Sampling(temperature=0),
    LOOSE,
    ir.Sampling(temperature=0.2, top_p=0.5, top_k=3, min_p=0.2, seed=3),
    ir.Sampling(temperature=0, frequency_penalty=2.0, presence_penalty=1.0),
    ir.Sampling(temperature=0, logit_bias={"300": 5.0, "301": -100.0}),
]


def asked(text: str = STORY, *, logprobs: int | None = 3, sampling: ir.Sampling = LOOSE, most: int = 24) -> ir.Request:
    return question(text, sampling=sampling, logprobs=logprobs, max_tokens=most)


def tokens(answered: Answered) -> list[ir.Token]:
    return [token for event in answered.events if isinstance(event, ir.TextDelta) for token in event.tokens]


def found(answered: Answered) -> Iterator[tuple[bytes, float, dict[bytes, float]]]:
    for token in tokens(answered):
        assert token.logprob is not None
        yield token.data, token.logprob, {one.data: one.logprob for one in token.candidates}


@pytest.mark.parametrize("sampling", BENDING)
async def test_the_models_own_likelihoods_are_told_whatever_bends_them(
    local: LocalBackend, sampling: ir.Sampling
) -> None:
    answered = await ask(local, asked(sampling=sampling))
    assert b"".join(token.data for token in tokens(answered)).decode() == answered.text
    assert all(len(token.candidates) == 3 for token in tokens(answered))
    assert check(chat_prompt(STORY), found(answered)) > 5


async def test_they_are_the_same_among_seven(local: LocalBackend) -> None:
    requests = [asked(sampling=sampling) for sampling in BENDING]
    others = [asked("Count to 30.", logprobs=None, most=40), question("Hello", stop=("x",), max_tokens=30)]
    alone = [await ask(local, each) for each in requests]
    together = await asyncio.gather(*(ask(local, each) for each in [*others, *requests]))
    for one, other in zip(alone, together[2:], strict=True):
        assert one.text == other.text
        assert check(chat_prompt(STORY), found(other)) > 5
    assert not any(tokens(each) for each in together[:2])


async def test_a_schema_does_not_bend_them_either(local: LocalBackend) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    request = question("Hello", output=ir.OutputFormat(schema), logprobs=0, max_tokens=30)
    answered = await ask(local, request)
    assert answered.text.startswith('{"a": ')
    assert check(chat_prompt("Hello"), found(answered)) > 3


async def test_a_raw_text_has_them_too(local: LocalBackend) -> None:
    prompt = tuple(tokenizer().encode("The capital of"))
    answered = await complete(local, prompt, logprobs=5, max_tokens=8, sampling=LOOSE)
    assert check(prompt, found(answered)) == answered.finished.usage.output_tokens


async def test_an_answer_of_no_tokens_reads_the_prompt_and_keeps_it(local: LocalBackend) -> None:
    story = "Tell me a story about an owl. " * 12
    silent = await ask(local, question(story, max_tokens=0), tenant="silent")
    assert [type(event) for event in silent.events] == [ir.Started, ir.Finished]
    assert silent.finished.stop_reason == "max_tokens"
    assert silent.finished.usage.output_tokens == 0
    read = silent.finished.usage.input_tokens
    assert (await ask(local, question(story, max_tokens=2), tenant="silent")).finished.usage.cached_tokens == read - 1


async def test_a_prompt_longer_than_the_window_is_refused_for_no_tokens_too(local: LocalBackend) -> None:
    with pytest.raises(BackendError) as caught:
        await ask(local, question("Say " + "apple " * 5000, max_tokens=0))
    assert caught.value.kind is Kind.CONTEXT_LENGTH_EXCEEDED


async def test_the_echo_of_no_tokens_is_the_prompt(local: LocalBackend) -> None:
    answered = await complete(local, "The capital", echo=True, max_tokens=0)
    assert (answered.text, answered.finished.stop_reason) == ("The capital", "max_tokens")
    assert isinstance(answered.events[0], ir.Started)
    assert native.is_end(answered.events)
