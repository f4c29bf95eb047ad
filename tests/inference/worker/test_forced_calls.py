"""Calls that are forced, or held to their schemas, written by the worker process with the demo model."""

import asyncio

import msgspec
import pytest

from inference import ir
from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from tests.local_models import WEATHER, Answered, ask, question
from tests.schemas import EXPLODING, record

TIME = ir.Tool("get_time", record(zone={"enum": ["UTC", "CET"]}))
ROME = ir.Tool("get_weather", record(city={"enum": ["Rome"]}), strict=True)
ANY = ir.ToolChoice("any")


def forced(choice: ir.ToolChoice, *tools: ir.Tool, seed: int = 0, **fields: object) -> ir.Request:
    sampling = ir.Sampling(temperature=1.5, seed=seed)
    asked = question("Tell me a story.", tools=tools, tool_choice=choice, sampling=sampling, max_tokens=1500)
    return msgspec.structs.replace(asked, **fields)


async def ask_often(local: LocalBackend, choice: ir.ToolChoice, *tools: ir.Tool, **fields: object) -> list[Answered]:
    requests = [forced(choice, *tools, seed=seed, **fields) for seed in range(8)]
    return await asyncio.gather(*(ask(local, each) for each in requests))


async def test_nothing_but_a_call_is_written_where_one_is_forced(local: LocalBackend) -> None:
    for answered in await ask_often(local, ir.ToolChoice("any", parallel=False), TIME, ROME):
        ((name, arguments),) = answered.calls
        assert (name, arguments) in [
            ("get_weather", {"city": "Rome"}),
            *(("get_time", {"zone": z}) for z in ("UTC", "CET")),
        ]
        assert (answered.text, answered.finished.stop_reason) == ("", "tool_use")


async def test_the_tool_that_is_named_is_called_once(local: LocalBackend) -> None:
    for answered in await ask_often(local, ir.ToolChoice("tool", "get_time"), ROME, TIME):
        assert [name for name, _ in answered.calls] == ["get_time"]
        assert answered.text == ""


async def test_several_calls_may_be_forced(local: LocalBackend) -> None:
    asked = forced(ANY, WEATHER, messages=question("What is the weather in Paris and Rome?").messages)
    answered = await ask(local, msgspec.structs.replace(asked, sampling=ir.Sampling(temperature=0)))
    assert answered.calls == [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"})]


async def test_thinking_may_come_before_a_forced_call(local: LocalBackend) -> None:
    asked = forced(ir.ToolChoice("tool", "get_time"), TIME, reasoning=ir.Reasoning(enabled=True))
    messages = question("What is the capital of France?").messages
    answered = await ask(local, msgspec.structs.replace(asked, messages=messages, sampling=ir.Sampling(temperature=0)))
    assert answered.thinking == "The capital of France is known."
    assert [name for name, _ in answered.calls] == ["get_time"]


async def test_a_tool_without_a_schema_that_can_be_followed_is_called_with_an_object(local: LocalBackend) -> None:
    tool = ir.Tool("f", {"type": "objekt"})
    answered = await ask(local, forced(ir.ToolChoice("tool", "f"), tool, sampling=ir.Sampling(temperature=0)))
    ((name, arguments),) = answered.calls
    assert name == "f"
    assert isinstance(arguments, dict)


async def test_a_strict_tool_is_called_by_its_schema_though_not_forced(local: LocalBackend) -> None:
    asked = question("What is the weather in Paris?", tools=(ROME, TIME))
    assert (await ask(local, asked)).calls == [("get_weather", {"city": "Rome"})]


async def test_text_beside_strict_tools_is_free(local: LocalBackend) -> None:
    asked = question("What is the capital of France?", tools=(ROME,))
    free = msgspec.structs.replace(asked, tools=(msgspec.structs.replace(ROME, strict=None),))
    answered, unbound = await asyncio.gather(ask(local, asked), ask(local, free))
    assert answered.text == unbound.text != ""
    assert answered.finished.stop_reason == "end_turn"


async def test_an_answer_of_a_form_may_be_a_call_instead(local: LocalBackend) -> None:
    form = ir.OutputFormat(record(text={"const": "no"}))
    asked = question("What is the weather in Paris?", tools=(WEATHER,), output=form)
    assert (await ask(local, asked)).calls == [("get_weather", {"city": "Paris"})]
    refused = msgspec.structs.replace(asked, tool_choice=ir.ToolChoice("none"))
    assert (await ask(local, refused)).text == '{"text": "no"}'


@pytest.mark.parametrize("schema", [{"type": "objekt"}, record(a={"not": {}}), EXPLODING])
async def test_a_strict_tool_whose_schema_cannot_be_held_to_is_refused(
    local: LocalBackend, schema: dict[str, object]
) -> None:
    with pytest.raises(BackendError) as caught:
        await ask(local, question("Hello", tools=(TIME, ir.Tool("f", schema, strict=True))))
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "tools[1]")


@pytest.mark.parametrize("choice", [ANY, ir.ToolChoice("tool", "f")])
async def test_there_has_to_be_a_tool_to_call(local: LocalBackend, choice: ir.ToolChoice) -> None:
    tools = () if choice is ANY else (TIME,)
    with pytest.raises(BackendError) as caught:
        await ask(local, forced(choice, *tools))
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "tool_choice")


async def test_calls_that_are_not_json_are_forced_too(local: LocalBackend) -> None:
    asked = forced(ir.ToolChoice("any", parallel=False), ROME, TIME)
    answered = await ask(local, asked, model="test/other-calls")
    assert answered.calls in (
        [("get_weather", {"city": "Rome"})],
        *([("get_time", {"zone": z})] for z in ("UTC", "CET")),
    )
    assert (answered.text, answered.finished.stop_reason) == ("", "tool_use")


async def test_a_large_number_arrives_as_it_was_written(local: LocalBackend) -> None:
    asked = forced(ir.ToolChoice("tool", "f"), ir.Tool("f", record(id={"const": 2**60 + 1}), strict=True))
    assert (await ask(local, asked, model="test/other-calls")).calls == [("f", {"id": 2**60 + 1})]


async def test_a_tool_that_a_models_calls_cannot_express_is_refused(local: LocalBackend) -> None:
    strict = ir.Tool("f", record(day={"type": "string", "format": "date"}), strict=True)
    with pytest.raises(BackendError) as caught:
        await ask(local, question("Hello", tools=(ROME, strict)), model="test/other-calls")
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "tools[1]")
