"""What the weights that ship can do: they are a plumbing check, and this is what the README promises of them."""

import asyncio

from inference import ir
from inference.backends.local import LocalBackend
from tests.local_models import WEATHER, ask, question
from tools.demo_model.words import CAPITALS

TIME = ir.Tool(
    "get_time",
    {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
    "Get the time",
)
THINKING = ir.Reasoning(enabled=True)


async def test_it_knows_the_capitals(local: LocalBackend) -> None:
    answers = await asyncio.gather(
        *(ask(local, question(f"What is the capital of {country}?")) for country in CAPITALS)
    )
    assert [answered.text for answered in answers] == [
        f"The capital of {country} is {city}." for country, city in CAPITALS.items()
    ]


async def test_it_calls_the_tool_for_a_city_it_knows(local: LocalBackend) -> None:
    cities = ["Paris", "Rome", "Tokyo", "London", "Berlin", "Madrid", "Oslo", "Cairo", "Lima", "Delhi"]
    for reasoning in (None, THINKING):
        asked = [question(f"What is the weather in {city}?", tools=(WEATHER,), reasoning=reasoning) for city in cities]
        answers = await asyncio.gather(*(ask(local, each) for each in asked))
        right = [each.calls == [("get_weather", {"city": city})] for each, city in zip(answers, cities, strict=True)]
        assert sum(right) >= 9


async def test_it_chooses_the_right_of_two_tools(local: LocalBackend) -> None:
    answered = await ask(local, question("What is the time in Rome?", tools=(WEATHER, TIME)))
    assert [name for name, _ in answered.calls] == ["get_time"]


async def test_it_thinks_first_when_thinking_is_on(local: LocalBackend) -> None:
    answered = await ask(local, question("What is the weather in Paris?", tools=(WEATHER,), reasoning=THINKING))
    assert answered.thinking == "I call get_weather."
    assert answered.calls == [("get_weather", {"city": "Paris"})]


async def test_it_recalls_a_name(local: LocalBackend) -> None:
    turns = [("user", "My name is Grace."), ("assistant", "Nice to meet you, Grace."), ("user", "What is my name?")]
    messages = tuple(ir.Message(role, (ir.Text(text),)) for role, text in turns)  # type: ignore[arg-type]  # literals
    assert (await ask(local, question("", messages=messages))).text == "Your name is Grace."
