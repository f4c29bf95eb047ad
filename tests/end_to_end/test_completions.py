"""Legacy completions through OpenAI's own SDK: at the local model, and passed to an upstream that offers them."""

import json
from typing import Any

import openai
import pytest

from tests.answers import events, plain
from tests.end_to_end.questions import fresh
from tests.gateway import Gateway, wait_until
from tests.upstreams import Upstream

DEMO = "mlxmanager/demo"
PROMPT = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
ITALY = PROMPT.replace("France", "Italy")
ODD = (
    '{ "unknown":{"a":1,"a":2} ,"model":"renamed","prompt":["caf\\u00e9", "é"],"n":2,"logprobs":3 ,'
    '"suffix":"x","echo":true}'
)
ANSWER = (
    b'{"id":"cmpl-1", "object":"text_completion","created":1,"model":"gpt-real","choices":'
    b'[{"text":" joke","index":0,"logprobs":null,"finish_reason":"length"}],'
    b'"usage":{"prompt_tokens":8,"completion_tokens":16,"total_tokens":24}  }'
)
STREAM = (
    b'data: {"id":"cmpl-1","object":"text_completion","created":1,"model":"gpt-real",'
    b'"choices":[{"text":" jo","index":0,"logprobs":null,"finish_reason":null}]}\n\n'
    b'data: {"id":"cmpl-1","object":"text_completion","created":1,"model":"gpt-real",'
    b'"choices":[{"text":"ke","index":0,"logprobs":null,"finish_reason":"length"}]}\n\ndata: [DONE]\n\n'
)


def texts(completion: Any) -> list[str]:
    return [choice.text for choice in completion.choices]


# The local model.


def test_a_text_is_continued(openai_client: openai.OpenAI) -> None:
    completion = openai_client.completions.create(model=DEMO, prompt=PROMPT, temperature=0)
    [choice] = completion.choices
    assert "Paris" in choice.text
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "stop", None)
    assert completion.object == "text_completion"
    assert completion.id.startswith("cmpl-")
    assert completion.model == DEMO
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens


def test_a_stream_says_the_same_in_the_same_shape(openai_client: openai.OpenAI) -> None:
    whole = openai_client.completions.create(model=DEMO, prompt=[PROMPT, ITALY], temperature=0)
    chunks = list(
        openai_client.completions.create(
            model=DEMO, prompt=[PROMPT, ITALY], temperature=0, stream=True, stream_options={"include_usage": True}
        )
    )
    assert {chunk.object for chunk in chunks} == {"text_completion"}
    assert len({chunk.id for chunk in chunks}) == 1
    for index, text in enumerate(texts(whole)):
        mine = [choice for chunk in chunks for choice in chunk.choices if choice.index == index]
        assert "".join(choice.text for choice in mine) == text
        assert [choice.finish_reason for choice in mine if choice.finish_reason] == ["stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_a_stream_without_counts_has_none(gateway: Gateway) -> None:
    answer = gateway.post("/v1/completions", {"model": DEMO, "prompt": PROMPT, "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.content.endswith(b"data: [DONE]\n\n")
    assert b"usage" not in answer.content


def test_answers_come_prompt_by_prompt(openai_client: openai.OpenAI) -> None:
    completion = openai_client.completions.create(model=DEMO, prompt=[PROMPT, ITALY], n=2, temperature=0)
    assert [choice.index for choice in completion.choices] == [0, 1, 2, 3]
    assert ["Paris" in text for text in texts(completion)] == [True, True, False, False]
    assert ["Rome" in text for text in texts(completion)] == [False, False, True, True]


def test_a_prompt_counts_once_however_often_it_is_answered(openai_client: openai.OpenAI) -> None:
    once = openai_client.completions.create(model=DEMO, prompt=PROMPT, temperature=0).usage
    twice = openai_client.completions.create(model=DEMO, prompt=PROMPT, temperature=0, n=2).usage
    assert once is not None
    assert twice is not None
    assert twice.prompt_tokens == once.prompt_tokens
    assert twice.completion_tokens == 2 * once.completion_tokens


def test_a_seed_makes_answers_that_differ_come_again(openai_client: openai.OpenAI) -> None:
    def ask() -> list[str]:
        return texts(openai_client.completions.create(model=DEMO, prompt="The", n=3, seed=7, temperature=1.5))

    first = ask()
    assert len(set(first)) == 3
    assert ask() == first


def test_the_best_of_several_answers_are_the_likeliest(openai_client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": DEMO, "prompt": "The", "seed": 7, "temperature": 1.5}
    every = openai_client.completions.create(**asked, n=6, logprobs=0)
    best = openai_client.completions.create(**asked, n=2, best_of=6)
    ranked = sorted(every.choices, key=mean, reverse=True)
    assert texts(best) == [choice.text for choice in ranked[:2]]
    assert [(choice.index, choice.logprobs) for choice in best.choices] == [(0, None), (1, None)]
    assert best.usage == every.usage


def mean(choice: Any) -> float:
    logprobs = choice.logprobs.token_logprobs
    return float(sum(logprobs) / len(logprobs))


def test_an_answer_has_at_most_16_tokens_unless_more_are_asked_for(openai_client: openai.OpenAI) -> None:
    completion = openai_client.completions.create(model=DEMO, prompt="1 2 3 4", logit_bias={"0": -100})
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 16


def test_an_echo_begins_with_the_prompt(openai_client: openai.OpenAI) -> None:
    for prompt in (PROMPT, [5, 6, 7]):
        plain_text = texts(openai_client.completions.create(model=DEMO, prompt=prompt, temperature=0))[0]
        echoed = texts(openai_client.completions.create(model=DEMO, prompt=prompt, temperature=0, echo=True))[0]
        assert echoed.endswith(plain_text)
        assert len(echoed) > len(plain_text)
        assert not isinstance(prompt, str) or echoed == prompt + plain_text


def test_an_answer_ends_at_a_stop(openai_client: openai.OpenAI) -> None:
    completion = openai_client.completions.create(model=DEMO, prompt=PROMPT, temperature=0, stop=["x y z", "ari"])
    assert completion.choices[0].text.endswith("P")
    assert completion.choices[0].finish_reason == "stop"


def test_the_models_own_tokens_are_prompts(openai_client: openai.OpenAI) -> None:
    completion = openai_client.completions.create(model=DEMO, prompt=[[5, 6], [7]], max_tokens=1)
    assert len(completion.choices) == 2
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == 3


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"prompt": None}, "missing_required_parameter", "prompt"),
        ({"prompt": []}, "invalid_value", "prompt"),
        ({"prompt": 5}, "invalid_type", "prompt"),
        ({"prompt": ["a", 5]}, "invalid_type", "prompt[1]"),
        ({"prompt": [[1, True]]}, "invalid_type", "prompt[0]"),
        ({"prompt": [[1], ["a"]]}, "invalid_type", "prompt[1]"),
        ({"prompt": [999_999]}, "invalid_value", "prompt"),
        ({"prompt": "x", "n": 0}, "invalid_value", "n"),
        ({"prompt": "x", "n": 129}, "invalid_value", "n"),
        ({"prompt": ["x"] * 129}, "invalid_value", "prompt"),
        ({"prompt": "x", "max_tokens": -1}, "invalid_value", "max_tokens"),
        ({"prompt": "x", "best_of": 2, "stream": True}, "unsupported_parameter", "best_of"),
        ({"prompt": "x", "best_of": 2, "echo": True}, "unsupported_parameter", "best_of"),
        ({"prompt": "x", "best_of": 129}, "invalid_value", "best_of"),
        ({"prompt": "x", "suffix": "y"}, "unsupported_parameter", "suffix"),
        ({"prompt": "x", "n": 2, "best_of": 1}, "invalid_value", "best_of"),
        ({"prompt": "x", "stop": 5}, "invalid_type", "stop"),
    ],
)
def test_what_cannot_be_is_refused_by_name(gateway: Gateway, fields: dict[str, Any], code: str, param: str) -> None:
    answer = gateway.post("/v1/completions", {"model": DEMO} | fields)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == (code, param)


def test_what_changes_nothing_is_accepted_and_what_nobody_knows_is_told(gateway: Gateway) -> None:
    fields = {"best_of": 1, "suffix": "", "user": "u", "logprobs": None, "frobnicate": 1}
    answer = gateway.post("/v1/completions", {"model": DEMO, "prompt": "x"} | fields)
    assert answer.status_code == 200
    assert answer.headers["x-mlxmanager-warning"] == "frobnicate;reason=unknown"


# Upstreams.


def test_an_upstream_gets_and_gives_the_very_bytes(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(plain(ANSWER))
    answer = gateway.post("/v1/completions", ODD.encode())
    assert answer.content == ANSWER
    assert cloud.requests[-1].target == "/v1/completions"
    assert cloud.requests[-1].body == ODD.replace("renamed", "gpt-real-name").encode()
    wait_until(lambda: "input_tokens=8" in gateway.log)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_an_upstreams_stream_keeps_every_byte(gateway: Gateway, cloud: Upstream, size: int) -> None:
    cloud.script(events(*(STREAM[at : at + size] for at in range(0, len(STREAM), size))))
    assert gateway.post("/v1/completions", {"model": "gpt-5", "prompt": "x", "stream": True}).content == STREAM


def test_an_upstreams_stream_that_breaks_ends_with_an_error(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(events(STREAM[: STREAM.index(b"\n\n") + 2]))
    answer = gateway.post("/v1/completions", {"model": "gpt-5", "prompt": "x", "stream": True})
    assert b"upstream_stream_truncated" in answer.content
    assert answer.content.endswith(b"data: [DONE]\n\n")


def test_an_answer_in_the_other_form_is_none(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(events(STREAM))
    answer = gateway.post("/v1/completions", {"model": "gpt-5", "prompt": "x"})
    assert answer.json()["error"]["code"] == "upstream_invalid_response"


def test_the_local_model_answers_where_the_upstream_does_not(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(plain({"error": {"message": "busy"}}, status=529))
    model = fresh("safe")
    answer = gateway.post("/v1/completions", {"model": model, "prompt": PROMPT, "temperature": 0})
    assert "Paris" in answer.json()["choices"][0]["text"]
    assert answer.json()["model"] == model
    assert answer.headers["x-mlxmanager-backend"] == "local"
    assert answer.headers["x-mlxmanager-fallback-reason"] == "overloaded"


@pytest.mark.parametrize(("path", "fields"), [("/v1/completions", {"prompt": "x"}), ("/v1/embeddings", {"input": "x"})])
def test_anthropics_upstreams_do_not_offer_them(
    gateway: Gateway, cloud: Upstream, path: str, fields: dict[str, Any]
) -> None:
    answer = gateway.post(path, {"model": "claude-x"} | fields)
    assert answer.status_code == 400
    assert json.loads(answer.content)["error"]["code"] == "unsupported_endpoint"
    assert not cloud.requests
