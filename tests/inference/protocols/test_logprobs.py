"""The likelihood of tokens as OpenAI's clients see it, in chat completions and in legacy ones."""

import json
from typing import Any

import pytest

from inference import ir, translate
from inference.protocols import native
from tests.inference.exchanges import NATIVE, OPENAI, Asked, ask, run

EURO = "€".encode()
TOKENS = (
    ir.Token(b"5 ", -0.5, (ir.Candidate(b"5 ", -0.5), ir.Candidate(b"6 ", -1.5))),
    ir.Token(EURO[:2], -0.25, (ir.Candidate(EURO[:2], -0.25),)),
    ir.Token(EURO[2:], -2.0, (ir.Candidate(b"x", -0.125),)),
)
EVENTS: list[ir.Event] = [
    ir.ThinkingDelta("hm"),
    ir.TextDelta("5 ", TOKENS[:1]),
    ir.TextDelta("€", TOKENS[1:]),
    ir.Finished("end_turn"),
]
SHOWN = [
    {
        "token": "5 ",
        "logprob": -0.5,
        "bytes": [53, 32],
        "top_logprobs": [
            {"token": "5 ", "logprob": -0.5, "bytes": [53, 32]},
            {"token": "6 ", "logprob": -1.5, "bytes": [54, 32]},
        ],
    },
    {
        "token": "\\xe2\\x82",
        "logprob": -0.25,
        "bytes": [226, 130],
        "top_logprobs": [{"token": "\\xe2\\x82", "logprob": -0.25, "bytes": [226, 130]}],
    },
    {
        "token": "\\xac",
        "logprob": -2.0,
        "bytes": [172],
        "top_logprobs": [{"token": "x", "logprob": -0.125, "bytes": [120]}],
    },
]


def chat(**fields: Any) -> Any:
    return translate.begin(ask(OPENAI, **fields), NATIVE, "target")


def completion(**fields: Any) -> Any:
    body = json.dumps({"model": "asked", "prompt": "Once"} | fields).encode()
    return translate.begin(Asked("openai_completions", body), NATIVE, "target")


def streamed(exchange: Any, raw: list[bytes]) -> list[dict[str, Any]]:
    stream = run(exchange.stream(True), raw)
    return [json.loads(line[6:])["choices"][0] for line in stream.decode().split("\n\n") if line.startswith("data: {")]


def test_a_chat_completion_lists_the_tokens_of_its_content() -> None:
    exchange = chat(logprobs=True, top_logprobs=2)
    answer = json.loads(exchange.plain(native.render_events(EVENTS), is_stream=True))
    assert answer["choices"][0]["logprobs"] == {"content": SHOWN, "refusal": None}


def test_a_chat_stream_lists_them_with_the_content_they_complete() -> None:
    told = streamed(chat(logprobs=True, stream=True), [native.render_events([event]) for event in EVENTS])
    assert [(choice["delta"], choice["logprobs"]) for choice in told] == [
        ({"role": "assistant", "content": ""}, None),
        ({"reasoning_content": "hm"}, None),
        ({"content": "5 "}, {"content": SHOWN[:1], "refusal": None}),
        ({"content": "€"}, {"content": SHOWN[1:], "refusal": None}),
        ({}, None),
    ]


def test_an_answer_without_text_has_an_empty_list() -> None:
    answer = json.loads(chat(logprobs=True).plain(native.render_events(EVENTS[-1:]), is_stream=True))
    assert answer["choices"][0]["logprobs"] == {"content": [], "refusal": None}


@pytest.mark.parametrize("exchange", [chat(), chat(logprobs=False), completion()])
def test_who_does_not_ask_gets_none(exchange: Any) -> None:
    plain: list[ir.Event] = [ir.TextDelta("a"), ir.Finished("end_turn")]
    raw = native.render_choice(0, plain) if exchange.endpoint else native.render_events(plain)
    assert json.loads(exchange.plain(raw, is_stream=True))["choices"][0]["logprobs"] is None


def test_a_legacy_completion_has_them_in_columns() -> None:
    answer = json.loads(completion(logprobs=2).plain(native.render_choice(0, EVENTS), is_stream=True))
    assert answer["choices"][0]["logprobs"] == {
        "tokens": ["5 ", "bytes:\\xe2\\x82", "bytes:\\xac"],
        "token_logprobs": [-0.5, -0.25, -2.0],
        "top_logprobs": [
            {"5 ": -0.5, "6 ": -1.5},
            {"bytes:\\xe2\\x82": -0.25},
            {"x": -0.125, "bytes:\\xac": -2.0},
        ],
        "text_offset": [0, 2, 2],
    }


def test_a_legacy_stream_counts_places_from_the_beginning_of_the_text() -> None:
    told = streamed(completion(logprobs=0, stream=True), [native.render_choice(0, [event]) for event in EVENTS])
    assert [choice["logprobs"]["text_offset"] for choice in told if choice["logprobs"]["tokens"]] == [[0], [2, 2]]


def test_the_first_token_of_an_echo_follows_nothing() -> None:
    echo = (ir.Token(b"On", None), ir.Token(b"ce", -1.0, (ir.Candidate(b"ce", -1.0),)))
    events: list[ir.Event] = [ir.TextDelta("Once", echo), ir.Finished("max_tokens")]
    answer = json.loads(completion(logprobs=1, echo=True).plain(native.render_choice(0, events), is_stream=True))
    shown = answer["choices"][0]["logprobs"]
    assert (shown["token_logprobs"], shown["top_logprobs"]) == ([None, -1.0], [None, {"ce": -1.0}])
