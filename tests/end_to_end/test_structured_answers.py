"""Answers of a form and forced calls from the local model, through the vendors' own SDKs and their helpers."""

import json
from datetime import date
from typing import Any, Literal
from uuid import UUID

import anthropic
import openai
import pytest
from pydantic import BaseModel, Field

from tests.end_to_end.questions import WEATHER
from tests.schemas import record

MODES = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


class Address(BaseModel):
    street: str = Field(max_length=20)
    number: int


class Person(BaseModel):
    """Pydantic writes its schema with references, alternatives, lists and bounds."""

    name: str = Field(max_length=20)
    kind: Literal["friend", "foe"]
    age: int = Field(ge=0, le=120)
    nickname: str | None = Field(max_length=10)
    addresses: list[Address] = Field(max_length=2)


class Room(BaseModel):
    size: Literal["small", "large"]
    quiet: bool | None


class Stay(BaseModel):
    """Of what Anthropic's helper sends as a schema: it tells bounds in words."""

    id: UUID
    arrival: date
    room: Room
    guest: Literal["Ada", "Alan"]


ZONE = record(zone={"enum": ["UTC"]})
TIME = {"type": "function", "function": {"name": "get_time", "parameters": ZONE}}
QUESTION: list[Any] = [{"role": "user", "content": "Tell me about Ada."}]
ASK_WEATHER: list[Any] = [{"role": "user", "content": WEATHER}]
NOT_A_SCHEMA: dict[str, Any] = {"type": "objekt"}


@MODES
@pytest.mark.parametrize("temperature", [0.0, 1.5])
def test_openai_client_parses_an_answer_into_its_own_class(
    openai_client: openai.OpenAI, stream: bool, temperature: float
) -> None:
    asked: Any = {"model": "demo", "messages": QUESTION, "temperature": temperature, "seed": 1, "max_tokens": 1000}
    if stream:
        with openai_client.chat.completions.stream(**asked, response_format=Person) as events:
            completion = events.until_done().get_final_completion()
    else:
        completion = openai_client.chat.completions.parse(**asked, response_format=Person)
    assert isinstance(completion.choices[0].message.parsed, Person)
    assert completion.choices[0].finish_reason == "stop"


@MODES
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_anthropic_client_parses_an_answer_into_its_own_class(
    anthropic_client: anthropic.Anthropic, stream: bool, temperature: float
) -> None:
    # The helpers do not know the parameter any more.
    more = {"temperature": temperature}
    asked: Any = {"model": "demo", "messages": QUESTION, "max_tokens": 1000, "extra_body": more}
    if stream:
        with anthropic_client.messages.stream(**asked, output_format=Stay) as events:
            message: Any = events.get_final_message()
    else:
        message = anthropic_client.messages.parse(**asked, output_format=Stay)
    assert isinstance(message.parsed_output, Stay)
    assert message.stop_reason == "end_turn"


def test_openai_client_gets_any_object(openai_client: openai.OpenAI) -> None:
    completion = openai_client.chat.completions.create(
        model="demo",
        messages=QUESTION,
        response_format={"type": "json_object"},
        max_tokens=1000,
        temperature=1.5,
        seed=3,
        n=8,
    )
    # An object without a schema may be as long as the dice want.
    whole = [choice.message.content or "" for choice in completion.choices if choice.finish_reason == "stop"]
    assert whole
    assert all(isinstance(json.loads(content), dict) for content in whole)


def test_anthropic_client_gets_json_of_its_schema(anthropic_client: anthropic.Anthropic) -> None:
    schema = record(city={"enum": ["Rome"]})
    message = anthropic_client.messages.create(
        model="demo",
        messages=QUESTION,
        max_tokens=100,
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    assert [block.text for block in message.content if block.type == "text"] == ['{"city": "Rome"}']


@MODES
@pytest.mark.parametrize("named", [False, True])
def test_openai_client_forces_a_call(openai_client: openai.OpenAI, stream: bool, named: bool) -> None:
    choice: Any = {"type": "function", "function": {"name": "get_time"}} if named else "required"
    asked: Any = {"model": "demo", "messages": QUESTION, "tools": [TIME], "tool_choice": choice, "max_tokens": 300}
    if stream:
        with openai_client.chat.completions.stream(**asked, parallel_tool_calls=False) as events:
            completion: Any = events.until_done().get_final_completion()
    else:
        completion = openai_client.chat.completions.create(**asked, parallel_tool_calls=False)
    (choice,) = completion.choices
    (call,) = choice.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_time", {"zone": "UTC"})
    assert (choice.message.content or "", choice.finish_reason) == ("", "tool_calls")


@MODES
@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "get_time"}], ids=["any", "tool"])
def test_anthropic_client_forces_a_call(
    anthropic_client: anthropic.Anthropic, stream: bool, choice: dict[str, Any]
) -> None:
    asked: Any = {
        "model": "demo",
        "messages": QUESTION,
        "tools": [{"name": "get_time", "input_schema": ZONE}],
        "tool_choice": choice | {"disable_parallel_tool_use": True},
        "max_tokens": 300,
    }
    if stream:
        with anthropic_client.messages.stream(**asked) as events:
            message: Any = events.get_final_message()
    else:
        message = anthropic_client.messages.create(**asked)
    (block,) = message.content
    assert (block.type, block.name, block.input) == ("tool_use", "get_time", {"zone": "UTC"})
    assert message.stop_reason == "tool_use"


def test_openai_clients_own_class_is_a_strict_tool(openai_client: openai.OpenAI) -> None:
    class GetWeather(BaseModel):
        city: Literal["Rome"]

    tool = openai.pydantic_function_tool(GetWeather, name="get_weather")
    completion = openai_client.chat.completions.parse(model="demo", messages=ASK_WEATHER, tools=[tool])
    (call,) = completion.choices[0].message.tool_calls or []
    assert call.function.parsed_arguments == GetWeather(city="Rome")


def test_openai_client_learns_which_field_has_a_schema_that_cannot_be_held_to(openai_client: openai.OpenAI) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "n", "schema": NOT_A_SCHEMA}}
    with pytest.raises(openai.BadRequestError) as caught:
        openai_client.chat.completions.create(model="demo", messages=QUESTION, response_format=form)
    assert caught.value.param == "response_format"
    assert "objekt" in caught.value.message


def test_anthropic_client_learns_which_field_has_a_schema_that_cannot_be_held_to(
    anthropic_client: anthropic.Anthropic,
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=r"output_config\.format.*objekt"):
        anthropic_client.messages.create(
            model="demo",
            messages=QUESTION,
            max_tokens=100,
            output_config={"format": {"type": "json_schema", "schema": NOT_A_SCHEMA}},
        )
