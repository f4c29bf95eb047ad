"""What the worker process answers, with the demo model: text, thinking, tools, stops, sampling and limits."""

import asyncio

import msgspec
import pytest

from inference import ir
from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from inference.installed import DEMO_FOLDER
from tests.local_models import WEATHER, ask, question

CAPITAL = "What is the capital of France?"
PARIS = "The capital of France is Paris."
THOUGHT = "The capital of France is known."
LOOSE = ir.Sampling(temperature=1.5, seed=11)


def tokens_with(letter: str) -> list[int]:
    vocabulary = msgspec.json.decode((DEMO_FOLDER / "tokenizer.json").read_bytes())["model"]["vocab"]
    return [token for text, token in vocabulary.items() if letter in text]


async def test_an_answer_comes_as_a_stream_of_text(local: LocalBackend) -> None:
    answered = await ask(local, question(CAPITAL))
    assert answered.text == PARIS
    assert sum(isinstance(event, ir.TextDelta) for event in answered.events) > 3
    assert answered.finished.stop_reason == "end_turn"


async def test_usage_counts_every_token(local: LocalBackend) -> None:
    answered = await ask(local, question(CAPITAL))
    # 19 of the prompt as the template renders it; eight pieces of text and the end of the turn.
    assert answered.finished.usage == ir.Usage(input_tokens=19, output_tokens=9, reasoning_tokens=0)
    assert answered.events[0] == ir.Started(usage=ir.Usage(input_tokens=19))


async def test_thinking_is_told_apart_from_the_answer(local: LocalBackend) -> None:
    answered = await ask(local, question(CAPITAL, reasoning=ir.Reasoning(enabled=True)))
    assert (answered.thinking, answered.text) == (THOUGHT, PARIS)
    usage = answered.finished.usage
    assert usage.reasoning_tokens is not None
    assert 0 < usage.reasoning_tokens < usage.output_tokens


async def test_thinking_is_off_where_the_protocol_would_hide_it(local: LocalBackend) -> None:
    answered = await ask(local, question(CAPITAL, shows_reasoning=False))
    assert (answered.thinking, answered.text) == ("", PARIS)


async def test_thinking_is_as_the_template_has_it_where_it_is_shown(local: LocalBackend) -> None:
    answered = await ask(local, question(CAPITAL, shows_reasoning=True))
    assert (answered.thinking, answered.text) == (THOUGHT, PARIS)


async def test_the_right_tool_is_called(local: LocalBackend) -> None:
    answered = await ask(local, question("What is the weather in Paris?", tools=(WEATHER,)))
    assert answered.calls == [("get_weather", {"city": "Paris"})]
    assert (answered.text, answered.finished.stop_reason) == ("", "tool_use")


async def test_two_tools_are_called_in_parallel(local: LocalBackend) -> None:
    answered = await ask(local, question("What is the weather in Paris and Rome?", tools=(WEATHER,)))
    assert answered.calls == [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"})]
    ids = [event.id for event in answered.events if isinstance(event, ir.ToolStarted)]
    assert len(set(ids)) == 2


async def test_one_call_is_made_where_parallel_calls_are_not_wanted(local: LocalBackend) -> None:
    choice = ir.ToolChoice("auto", parallel=False)
    asked = question("What is the weather in Paris and Rome?", tools=(WEATHER,), tool_choice=choice)
    answered = await ask(local, asked)
    assert answered.calls == [("get_weather", {"city": "Paris"})]
    assert answered.finished.stop_reason == "tool_use"


async def test_no_tool_is_called_where_none_is_to_be(local: LocalBackend) -> None:
    asked = question("What is the weather in Paris?", tools=(WEATHER,), tool_choice=ir.ToolChoice("none"))
    answered = await ask(local, asked)
    assert answered.calls == []
    assert answered.finished.stop_reason == "end_turn"


async def test_a_tool_result_is_read(local: LocalBackend) -> None:
    asked = question("What is the weather in Paris?", tools=(WEATHER,))
    called = ir.Message("assistant", (ir.ToolUse("call_1", "get_weather", {"city": "Paris"}),))
    result = ir.Message("user", (ir.ToolResult("call_1", (ir.Text("21 degrees"),)),))
    answered = await ask(local, question("", messages=(*asked.messages, called, result), tools=(WEATHER,)))
    assert answered.text.startswith("The result is ")


async def test_earlier_turns_are_remembered(local: LocalBackend) -> None:
    turns = (
        ir.Message("user", (ir.Text("My name is Ada."),)),
        ir.Message("assistant", (ir.Text("Nice to meet you, Ada."),)),
        ir.Message("user", (ir.Text("What is my name?"),)),
    )
    assert (await ask(local, question("", messages=turns))).text == "Your name is Ada."


async def test_an_answer_that_was_begun_is_continued(local: LocalBackend) -> None:
    begun = ir.Message("assistant", (ir.Text("The capital of"),))
    asked = question("What is the capital of Italy?")
    answered = await ask(local, question("", messages=(*asked.messages, begun)))
    assert answered.text == " Italy is Rome."


@pytest.mark.parametrize("model", ["mlxmanager/demo", "test/no-system"])
async def test_a_system_message_may_stand_anywhere(local: LocalBackend, model: str) -> None:
    messages = (
        ir.Message("user", (ir.Text("Hello"),)),
        ir.Message("system", (ir.Text("Be brief."),)),
        ir.Message("user", (ir.Text("What is the capital of France?"),)),
    )
    asked = question("", messages=messages, system=(ir.Text("You are a helpful assistant."),), max_tokens=20)
    assert (await ask(local, asked, model=model)).finished.usage.output_tokens > 0


@pytest.mark.parametrize("stop", ["9 1", "8 9", "7", " 6 7 8 9 10 "])
async def test_a_stop_string_ends_the_text_wherever_tokens_end(local: LocalBackend, stop: str) -> None:
    whole = await ask(local, question("Count to 20.", max_tokens=60))
    answered = await ask(local, question("Count to 20.", stop=("never", stop), max_tokens=60))
    assert answered.text == whole.text[: whole.text.index(stop)]
    assert (answered.finished.stop_reason, answered.finished.stop_sequence) == ("stop_sequence", stop)


async def test_the_beginning_of_a_stop_string_is_let_go_at_the_end(local: LocalBackend) -> None:
    answered = await ask(local, question(CAPITAL, stop=("Paris. And more",)))
    assert answered.text == PARIS
    assert answered.finished.stop_reason == "end_turn"


async def test_the_limit_on_tokens_holds(local: LocalBackend) -> None:
    answered = await ask(local, question("Count to 20.", max_tokens=5))
    assert answered.text == "1 2 3"
    assert (answered.finished.stop_reason, answered.finished.usage.output_tokens) == ("max_tokens", 5)


async def test_the_same_seed_gives_the_same_text_alone_and_in_a_batch(local: LocalBackend) -> None:
    asked = question("Tell me a story about a cat.", sampling=LOOSE, max_tokens=40)
    alone = await ask(local, asked)
    others = [question("Count to 30.", max_tokens=30), question("Tell me a story about a dog.", max_tokens=30)]
    together = await asyncio.gather(*(ask(local, each) for each in [others[0], asked, others[1], asked]))
    assert [together[1].text, together[3].text] == [alone.text, alone.text]


async def test_other_seeds_give_other_texts(local: LocalBackend) -> None:
    asked = [
        question("Tell me a story about a cat.", sampling=ir.Sampling(temperature=1.5, seed=seed), max_tokens=30)
        for seed in (1, 2**64 - 1, -3)
    ]
    texts = {(await ask(local, each)).text for each in asked}
    assert len(texts) == 3


@pytest.mark.parametrize("one_choice", [{"top_k": 1}, {"top_p": 0.0}, {"min_p": 1.0}, {"seed": 5, "top_p": 1e-9}])
async def test_sampling_among_one_token_is_greedy(local: LocalBackend, one_choice: dict[str, float]) -> None:
    asked = question("Tell me a story about a cat.", max_tokens=30)
    sampling = msgspec.structs.replace(ir.Sampling(temperature=2.0), **one_choice)
    answered = await ask(local, msgspec.structs.replace(asked, sampling=sampling))
    assert answered.text == (await ask(local, asked)).text


async def test_a_forbidden_token_is_not_written(local: LocalBackend) -> None:
    bias = {str(token): -100.0 for token in tokens_with("P")}
    answered = await ask(local, question(CAPITAL, sampling=ir.Sampling(logit_bias=bias), max_tokens=10))
    assert answered.text.startswith("The capital of France is ")
    assert "P" not in answered.text


async def test_penalties_keep_the_model_from_saying_the_same_again(local: LocalBackend) -> None:
    asked = question("Repeat after me: brown brown brown brown brown", max_tokens=12)
    plain = await ask(local, asked)
    penalties = ir.Sampling(frequency_penalty=2.0, presence_penalty=2.0)
    penalised = await ask(
        local, question("Repeat after me: brown brown brown brown brown", sampling=penalties, max_tokens=12)
    )
    assert plain.text.count("brown") > penalised.text.count("brown")


async def test_sixteen_streams_are_one_batch_and_each_says_what_it_says_alone(local: LocalBackend) -> None:
    countries = ["France", "Italy", "Japan", "Egypt"]
    asked = [
        *(question(f"What is the capital of {country}?") for country in countries),
        *(question(f"What is {number}+{number}?") for number in range(4)),
        *(question(f"Count to {number}.", max_tokens=40) for number in range(9, 13)),
        *(question(f"What is the weather in {city}?", tools=(WEATHER,)) for city in ["Paris", "Rome", "Oslo", "Lima"]),
    ]
    alone = [await ask(local, each) for each in asked]
    await local.ping()
    before = (await local.status()).steps
    together = await asyncio.gather(*(ask(local, each) for each in asked))
    await local.ping()
    after = (await local.status()).steps
    assert [each.text for each in together] == [each.text for each in alone]
    assert [each.calls for each in together] == [each.calls for each in alone]
    longest = max(each.finished.usage.output_tokens for each in alone)
    # A step makes a token for every row: together they take about as many as the longest answer alone.
    assert after - before < longest + 20


async def test_a_prompt_longer_than_the_window_is_refused_before_it_is_read(local: LocalBackend) -> None:
    with pytest.raises(BackendError) as caught:
        await ask(local, question("Say " + "apple " * 5000))
    assert caught.value.kind is Kind.CONTEXT_LENGTH_EXCEEDED
    assert caught.value.message.startswith("prompt is too long: ")
    assert caught.value.message.endswith(" tokens > 4096 maximum")


async def test_the_answer_is_cut_where_the_window_ends(local: LocalBackend) -> None:
    asked = question("Count to 60.", max_tokens=1000)
    answered = await ask(local, asked, model="test/small-window")
    assert answered.finished.stop_reason == "context_window"
    assert answered.finished.usage.input_tokens + answered.finished.usage.output_tokens == 64


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("nobody/nothing", Kind.MODEL_NOT_INSTALLED),
        ("../../etc/passwd", Kind.MODEL_NOT_INSTALLED),
        ("test/with-code", Kind.MODEL_NOT_INSTALLED),
        ("test/broken", Kind.MODEL_NOT_INSTALLED),
        ("test/exploding", Kind.INVALID_VALUE),
    ],
)
async def test_a_model_that_cannot_answer_is_an_error_and_the_others_go_on(
    local: LocalBackend, model: str, kind: Kind
) -> None:
    with pytest.raises(BackendError) as caught:
        await ask(local, question("Hello"), model=model)
    assert caught.value.kind is kind
    assert (await ask(local, question(CAPITAL))).text == PARIS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -1.0),
        ("top_p", 1.5),
        ("top_p", -0.1),
        ("top_k", -1),
        ("min_p", 2.0),
        ("frequency_penalty", 1e308),
        ("presence_penalty", -2.5),
        ("logit_bias", {"300": 1e308}),
        ("logit_bias", {"300": 1.0, "301": -101.0}),
    ],
)
async def test_a_value_out_of_range_is_refused(local: LocalBackend, name: str, value: object) -> None:
    sampling = msgspec.structs.replace(ir.Sampling(temperature=1.0), **{name: value})
    with pytest.raises(BackendError) as caught:
        await ask(local, question("Hello", sampling=sampling))
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, name)


async def test_less_than_nothing_is_refused(local: LocalBackend) -> None:
    with pytest.raises(BackendError) as caught:
        await ask(local, question("Hello", max_tokens=-1))
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "max_tokens")


async def test_a_token_the_model_does_not_have_is_refused(local: LocalBackend) -> None:
    with pytest.raises(BackendError) as caught:
        await ask(local, question("Hello", sampling=ir.Sampling(logit_bias={"999999": 1.0})))
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "logit_bias")
