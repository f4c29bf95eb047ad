"""Answers that are held to a schema, written by the worker process with the demo model."""

import asyncio
import json
import os
from typing import Any

import jsonschema
import pytest

from inference import ir
from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from tests.local_models import WEATHER, Answered, ask, question
from tests.schemas import EXPLODING, SCHEMAS, record

# How many answers are checked. More take their time: HELD_ANSWERS=500 make test.
ANSWERS = int(os.environ.get("HELD_ANSWERS", "60"))
TOGETHER = 8
TEMPERATURES = (0.0, 0.3, 0.7, 1.0, 1.5)
TOOL_CALL = 3  # The token of the marker.
LOOSE = ir.Sampling(temperature=1.5, seed=3)
CITY = record(city={"enum": ["Rome", "Oslo"]})


def held(text: str, schema: dict[str, Any] | None, **fields: Any) -> ir.Request:
    return question(text, output=ir.OutputFormat(schema, path="response_format"), **fields)


def check(text: str, schema: dict[str, Any]) -> None:
    jsonschema.validate(json.loads(text), schema, format_checker=jsonschema.FormatChecker())


async def test_answers_are_valid_at_every_temperature_among_others(local: LocalBackend) -> None:
    schemas = [list(SCHEMAS.values())[number % len(SCHEMAS)] for number in range(ANSWERS)]
    asked = [
        held(
            "Tell me about Paris.",
            schema,
            sampling=ir.Sampling(temperature=TEMPERATURES[number // 2 % len(TEMPERATURES)], seed=number),
            max_tokens=1500,
        )
        for number, schema in enumerate(schemas)
    ]
    answered: list[Answered] = []
    for first in range(0, ANSWERS, TOGETHER):
        answered += await asyncio.gather(*(ask(local, each) for each in asked[first : first + TOGETHER]))
    assert {each.finished.stop_reason for each in answered} == {"end_turn"}
    for each, schema in zip(answered, schemas, strict=True):
        check(each.text, schema)


async def test_any_object_will_do_where_there_is_no_schema(local: LocalBackend) -> None:
    drawn = [ir.Sampling(temperature=1.5, seed=seed) for seed in range(TOGETHER)]
    asked = [held("What is the capital of France?", None, sampling=sampling, max_tokens=600) for sampling in drawn]
    answered = await asyncio.gather(*(ask(local, each) for each in asked))
    # An object without a schema may go on for ever: some are cut.
    assert {each.finished.stop_reason for each in answered} <= {"end_turn", "max_tokens"}
    assert all(each.text.startswith("{") for each in answered)
    whole = [json.loads(each.text) for each in answered if each.finished.stop_reason == "end_turn"]
    assert whole
    assert all(isinstance(value, dict) for value in whole)


async def test_thinking_comes_first_and_is_free(local: LocalBackend) -> None:
    asked = held("What is the capital of France?", CITY, reasoning=ir.Reasoning(enabled=True))
    answered = await ask(local, asked)
    assert answered.thinking == "The capital of France is known."
    check(answered.text, CITY)


async def test_there_is_no_thinking_where_none_is_wanted(local: LocalBackend) -> None:
    answered = await asyncio.gather(
        *(ask(local, held("Hello", CITY, sampling=ir.Sampling(temperature=1.5, seed=seed))) for seed in range(8))
    )
    assert {each.thinking for each in answered} == {""}


async def test_the_others_of_a_batch_say_what_they_say_alone(local: LocalBackend) -> None:
    free = question("Count to 20.", max_tokens=60)
    bound = held("Tell me about Paris.", SCHEMAS["nested"], sampling=LOOSE, max_tokens=300)
    alone = [(await ask(local, each)).text for each in (free, bound)]
    together = await asyncio.gather(*(ask(local, each) for each in (free, bound, free, bound)))
    assert [each.text for each in together] == [*alone, *alone]


async def test_json_may_hold_the_words_of_a_marker(local: LocalBackend) -> None:
    words = "<think>a</think> <tool_call>b</tool_call>"
    no_call = ir.Sampling(temperature=0, logit_bias={str(TOOL_CALL): -100.0})
    asked = held("Hello", record(a={"const": words}), tools=(WEATHER,), sampling=no_call, max_tokens=200)
    answered = await ask(local, asked)
    check(answered.text, record(a={"const": words}))
    assert answered.thinking == ""


async def test_a_limit_cuts_the_answer(local: LocalBackend) -> None:
    answered = await ask(local, held("Hello", SCHEMAS["nested"], max_tokens=5))
    assert (answered.finished.stop_reason, answered.finished.usage.output_tokens) == ("max_tokens", 5)


async def test_a_stop_string_ends_the_answer(local: LocalBackend) -> None:
    answered = await ask(local, held("Hello", CITY, stop=('"city": "',)))
    assert (answered.text, answered.finished.stop_sequence) == ("{", '"city": "')


async def test_a_token_wished_for_is_not_let_in(local: LocalBackend) -> None:
    wished = ir.Sampling(temperature=1.0, seed=1, logit_bias={str(token): 100.0 for token in range(40, 60)})
    answered = await ask(local, held("Hello", CITY, sampling=wished))
    check(answered.text, CITY)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "objekt"}, "objekt"),
        (record(a={"type": "string", "format": "foo"}), "Unknown format: foo"),
        (record(a={"type": "string", "pattern": "(?=a)b"}), "regex parse error"),
        (record(a={"not": {"type": "string"}}), "Unimplemented keys"),
        ({"$ref": "https://example.org/schema"}, "example.org"),
        ({"$ref": "#"}, "nothing satisfies it"),
        (record(a=False), "unsatisfiable"),
        ({"type": "object", "properties": {f"p{n}": {} for n in range(3000)}}, "max is 2000"),
    ],
)
async def test_a_schema_that_cannot_be_held_to_is_refused_by_its_field(
    local: LocalBackend, schema: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BackendError) as caught:
        await ask(local, held("Hello", schema))
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "response_format")
    assert reason in caught.value.message


async def test_a_schema_that_explodes_stops_nobody(local: LocalBackend) -> None:
    refused = asyncio.create_task(ask(local, held("Hello", EXPLODING)))
    # What others ask is answered meanwhile.
    while not refused.done():
        assert (await ask(local, question("What is the capital of France?"))).text.endswith("Paris.")
    with pytest.raises(BackendError) as caught:
        await refused
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "response_format")
    assert "too long to compile" in caught.value.message


async def test_what_grows_too_much_while_it_is_written_ends_in_an_error(local: LocalBackend) -> None:
    growing = record(a={"type": "string", "pattern": "^([a-z0-9]{1,1000}){1,1000}$"})
    answered = await asyncio.gather(
        ask(local, held("Hello", growing, sampling=LOOSE, max_tokens=1000)),
        ask(local, question("What is the capital of France?")),
        return_exceptions=True,
    )
    assert isinstance(answered[0], BackendError)
    assert (answered[0].kind, answered[0].param) == (Kind.INVALID_VALUE, "response_format")
    assert "could not be held" in answered[0].message
    assert isinstance(answered[1], Answered)
    assert answered[1].text.endswith("Paris.")


async def test_an_answer_that_has_begun_is_not_held(local: LocalBackend) -> None:
    turns = (ir.Message("user", (ir.Text("Hello"),)), ir.Message("assistant", (ir.Text("{"),)))
    with pytest.raises(BackendError) as caught:
        await ask(local, held("", CITY, messages=turns))
    assert (caught.value.kind, caught.value.param) == (Kind.PREFILL_UNSUPPORTED, "messages")
