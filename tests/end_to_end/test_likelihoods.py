"""How likely each token was, and several answers to one question, read by the vendors' own SDKs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import openai
import pytest

from tests.end_to_end.questions import CAPITAL
from tests.gateway import Gateway, wait_until
from tests.likelihoods import chat_prompt, check, tokenizer

DEMO = "mlxmanager/demo"
STORY = "Tell me a story about a cat."
LOOSE: dict[str, Any] = {"temperature": 1.5, "seed": 5, "max_tokens": 24, "reasoning_effort": "none"}


def create(client: openai.OpenAI, text: str = STORY, **fields: Any) -> Any:
    messages: Any = [{"role": "user", "content": text}]
    return client.chat.completions.create(model=DEMO, messages=messages, **(LOOSE | fields))


def listed(choice: Any) -> Iterator[tuple[bytes, float, dict[bytes, float]]]:
    for token in choice.logprobs.content:
        yield bytes(token.bytes), token.logprob, {bytes(one.bytes): one.logprob for one in token.top_logprobs}


def spelt(choice: Any) -> str:
    return b"".join(data for data, _, _ in listed(choice)).decode()


def test_a_chat_has_the_likelihoods_that_the_model_computes(openai_client: openai.OpenAI) -> None:
    [choice] = create(openai_client, logprobs=True, top_logprobs=4).choices
    assert spelt(choice) == choice.message.content
    assert check(chat_prompt(STORY), listed(choice)) > 5


def test_seven_at_once_have_the_same(openai_client: openai.OpenAI) -> None:
    def ask(number: int) -> Any:
        # Warmer, and it writes halves of characters, which are shown as other bytes than theirs.
        return create(openai_client, seed=number, temperature=0.8, logprobs=True, top_logprobs=number).choices[0]

    with ThreadPoolExecutor(7) as threads:
        choices = list(threads.map(ask, range(7)))
    assert len({choice.message.content for choice in choices}) > 1
    assert all(check(chat_prompt(STORY), listed(choice)) > 5 for choice in choices)


def test_a_stream_has_the_same(openai_client: openai.OpenAI) -> None:
    [whole] = create(openai_client, logprobs=True, top_logprobs=2).choices
    messages: Any = [{"role": "user", "content": STORY}]
    with openai_client.chat.completions.stream(
        model=DEMO, messages=messages, logprobs=True, top_logprobs=2, **LOOSE
    ) as events:
        for _ in events:
            pass
        [streamed] = events.get_final_completion().choices
    assert streamed.message.content == whole.message.content
    assert streamed.logprobs is not None
    assert streamed.logprobs.content == whole.logprobs.content


def test_thinking_is_not_among_the_tokens(openai_client: openai.OpenAI) -> None:
    [choice] = create(
        openai_client, CAPITAL, temperature=0, reasoning_effort="low", logprobs=True, max_tokens=60
    ).choices
    assert choice.message.reasoning_content
    assert spelt(choice) == choice.message.content == "The capital of France is Paris."


def test_a_legacy_completion_has_them_in_columns(openai_client: openai.OpenAI) -> None:
    prompt = tokenizer().encode("The capital of")
    asked: dict[str, Any] = {"prompt": prompt, "logprobs": 3, "max_tokens": 8, "temperature": 1, "seed": 1}
    [choice] = openai_client.completions.create(model=DEMO, **asked).choices
    shown: Any = choice.logprobs
    assert "".join(shown.tokens) == choice.text
    assert [choice.text[at:][: len(t)] for at, t in zip(shown.text_offset, shown.tokens, strict=True)] == shown.tokens
    found: Any = [(t.encode(), value, {}) for t, value in zip(shown.tokens, shown.token_logprobs, strict=True)]
    assert check(prompt, found) == 8
    assert all(t in top and len(top) in (3, 4) for t, top in zip(shown.tokens, shown.top_logprobs, strict=True))


def test_an_echo_judges_the_prompt(openai_client: openai.OpenAI) -> None:
    prompt = "Once upon a time there was a fox."
    asked: dict[str, Any] = {"prompt": prompt, "logprobs": 1, "max_tokens": 0, "echo": True}
    [choice] = openai_client.completions.create(model=DEMO, **asked).choices
    shown: Any = choice.logprobs
    assert (choice.text, choice.finish_reason) == (prompt, "length")
    assert "".join(shown.tokens) == prompt
    assert (shown.token_logprobs[0], shown.top_logprobs[0], shown.text_offset[0]) == (None, None, 0)
    listed = zip(shown.tokens[1:], shown.token_logprobs[1:], strict=True)
    tokens = tokenizer().encode(prompt)
    assert check(tokens[:1], [(token.encode(), value, {}) for token, value in listed]) == len(tokens) - 1


def test_several_answers_differ_by_their_seeds(openai_client: openai.OpenAI) -> None:
    completion = create(openai_client, n=3, seed=5, logprobs=True)
    assert [choice.index for choice in completion.choices] == [0, 1, 2]
    texts = [choice.message.content for choice in completion.choices]
    alone = [create(openai_client, seed=seed) for seed in (5, 6, 7)]
    assert texts == [one.choices[0].message.content for one in alone]
    assert [spelt(choice) for choice in completion.choices] == texts
    assert completion.usage.prompt_tokens == alone[0].usage.prompt_tokens
    assert completion.usage.completion_tokens == sum(one.usage.completion_tokens for one in alone)


def test_several_answers_are_equal_without_chance(openai_client: openai.OpenAI) -> None:
    completion = create(openai_client, CAPITAL, n=2, temperature=0)
    assert [choice.message.content for choice in completion.choices] == ["The capital of France is Paris."] * 2


def test_several_answers_are_streamed_side_by_side(openai_client: openai.OpenAI) -> None:
    whole = create(openai_client, n=3)
    chunks = list(create(openai_client, n=3, stream=True, stream_options={"include_usage": True}))
    told = [choice for chunk in chunks for choice in chunk.choices]
    for choice in whole.choices:
        mine = [each for each in told if each.index == choice.index]
        assert "".join(each.delta.content or "" for each in mine) == choice.message.content
        assert [each.finish_reason for each in mine if each.finish_reason] == [choice.finish_reason]
    assert [each.index for each in told] != sorted(each.index for each in told)
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


def test_who_leaves_ends_all_answers(gateway: Gateway, openai_client: openai.OpenAI) -> None:
    endless = {"n": 4, "max_tokens": 3000, "logit_bias": {"2": -100}, "stream": True}
    with create(openai_client, "Count to 60.", **endless) as stream:
        next(iter(stream))
        wait_until(lambda: gateway.ready()["parts"]["worker"]["active"] == 4)
    wait_until(lambda: gateway.ready()["parts"]["worker"]["active"] == 0, seconds=5)


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        ("/v1/chat/completions", {"n": 129}, "n"),
        ("/v1/chat/completions", {"top_logprobs": 2}, "top_logprobs"),
        ("/v1/chat/completions", {"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ("/v1/completions", {"logprobs": 6}, "logprobs"),
        ("/v1/completions", {"logprobs": -1}, "logprobs"),
    ],
)
def test_numbers_out_of_range_are_refused(gateway: Gateway, path: str, fields: dict[str, Any], param: str) -> None:
    asked = {"model": DEMO, "messages": [{"role": "user", "content": "x"}], "prompt": "x"} | fields
    answer = gateway.post(path, asked)
    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == ("invalid_value", param)


def test_a_message_of_no_tokens_reads_the_prompt_ahead(anthropic_client: anthropic.Anthropic) -> None:
    messages: Any = [{"role": "user", "content": "Tell me a story about a fox and its many friends. " * 8}]
    silent = anthropic_client.messages.create(model=DEMO, messages=messages, max_tokens=0)
    assert (silent.content, silent.stop_reason, silent.usage.output_tokens) == ([], "max_tokens", 0)
    said = anthropic_client.messages.create(model=DEMO, messages=messages, max_tokens=2)
    assert said.usage.cache_read_input_tokens
    assert said.usage.input_tokens + said.usage.cache_read_input_tokens == silent.usage.input_tokens
