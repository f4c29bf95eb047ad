"""How likely each token was, held against one pass of the demo model over the whole text."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inference import ir
from inference.backends.base import Call
from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from inference.installed import DEMO_NAME
from inference.protocols import native, wire
from inference.worker.engine import Token
from inference.worker.likelihoods import Likelihoods
from routing.route import Target
from tests.engines import GREEDY, KINDS, bench, make_model
from tests.likelihoods import chat_prompt, check, tokenizer
from tests.local_models import Answered, ask, complete, is_idle, question, until

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


def spelt_from_the_prompt(answered: Answered, prompt: tuple[int, ...]) -> None:
    """The whole text, prompt and answer, is spelt by tokens that are as likely as the model says."""
    first, *others = found_or_first(answered)
    assert (first[1], first[2]) == (None, {})
    assert b"".join([first[0], *(data for data, _, _ in others)]).decode() == answered.text
    assert check(prompt[:1], others) == len(prompt) - 1 + answered.finished.usage.output_tokens


def found_or_first(answered: Answered) -> list[Any]:
    return [
        (token.data, token.logprob, {one.data: one.logprob for one in token.candidates}) for token in tokens(answered)
    ]


@pytest.mark.parametrize("most", [0, 1, 6])
async def test_an_echo_has_those_of_the_prompt(local: LocalBackend, most: int) -> None:
    prompt = tuple(tokenizer().encode("Once upon a time there was a fox. " * 6))
    answered = await complete(local, prompt, echo=True, logprobs=2, max_tokens=most, sampling=GREEDY)
    spelt_from_the_prompt(answered, prompt)
    plain = await complete(local, prompt, echo=True, max_tokens=most, sampling=GREEDY)
    assert (answered.text, answered.finished.stop_reason) == (plain.text, plain.finished.stop_reason)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_model_goes_on_from_a_prompt_it_was_asked_about(kind: str, tmp_path: Path) -> None:
    prompt = [number % 700 + 20 for number in range(100)]
    with bench(make_model(kind, tmp_path / "model")) as at:
        [[plain], _] = at.write(prompt)
        likelihoods = Likelihoods(2, wants_prompt=True)
        begun = at.engine.insert(list(prompt), GREEDY, max_tokens=8, tenant="one", likelihoods=likelihoods)
        made = [token for _ in range(20) for token in at.engine.step() if isinstance(token, Token)]
        assert ([token.token for token in made], {token.row for token in made}) == (plain, {begun.row})
        assert len(likelihoods.prompt) == len(prompt)


async def test_an_echo_of_one_token_follows_nothing(local: LocalBackend) -> None:
    answered = await complete(local, (305,), echo=True, logprobs=0, max_tokens=3, sampling=GREEDY)
    spelt_from_the_prompt(answered, (305,))


async def test_echoes_are_the_same_among_others(local: LocalBackend) -> None:
    prompts = [tuple(tokenizer().encode(f"{text} " * 8)) for text in ("The fox", "A cat ran", "One two three", "x")]
    asking = [complete(local, each, echo=True, logprobs=1, max_tokens=5, sampling=GREEDY) for each in prompts]
    others = [ask(local, asked("Count to 30.", logprobs=None, most=40)) for _ in range(3)]
    for prompt, answered in zip(prompts, (await asyncio.gather(*asking, *others))[:4], strict=True):
        spelt_from_the_prompt(answered, prompt)


async def test_who_leaves_while_the_prompt_is_read_frees_the_slot(local: LocalBackend) -> None:
    prompt = "once upon a time there was a fox " * 300
    job = native.Job(ir.Request(DEMO_NAME, (), logprobs=0, max_tokens=5), prompt=prompt, echo=True)
    call = Call("req_test", "", wire.encode(job), stream=True)
    asking = asyncio.create_task(local.open(call, Target("local", DEMO_NAME)))
    await until(lambda status: status.reading == 1, local)
    asking.cancel()
    await until(is_idle, local)
    assert (await ask(local, question("What is the capital of France?"))).text == "The capital of France is Paris."


async def test_the_echo_of_no_tokens_is_the_prompt(local: LocalBackend) -> None:
    answered = await complete(local, "The capital", echo=True, max_tokens=0)
    assert (answered.text, answered.finished.stop_reason) == ("The capital", "max_tokens")
    assert isinstance(answered.events[0], ir.Started)
    assert native.is_end(answered.events)
