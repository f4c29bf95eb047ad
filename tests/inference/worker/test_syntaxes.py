"""Calls in the syntax of each family: what a grammar allows, mlx_lm reads as a call that the schema allows."""

import os
import random
import time
from pathlib import Path

import jsonschema
import pytest

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols.native import Job
from inference.worker import forms, grammars, prompts
from inference.worker.adapter import TokenizerWrapper
from inference.worker.constraints import Constraint, constraint
from inference.worker.parsing import Answer
from tests.call_families import ARGUMENTS, CLOSING, DAYS, FAMILIES, FORECAST, TEMPTING, WRITTEN_CALLS, tokenizer_of
from tests.local_models import WEATHER, Answered, question
from tests.schemas import record

NULLABLE = {"anyOf": [{"type": "string"}, {"type": "null"}]}
DEEP = record(
    lines={
        "type": "array",
        "items": record(quoted={"enum": ['"q"']}, text={"type": "string"}, number={"type": "integer"}),
        "minItems": 1,
    },
    at={"$ref": "#/$defs/point"},
)
DEEP["$defs"] = {"point": record(x={"type": "number"}, y={"type": ["number", "null"]})}
FREE = {"type": "object"}
SCALARS = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "count": {"type": "integer", "minimum": -5, "maximum": 2**60},
        "ratio": {"type": "number"},
        "exact": {"type": "boolean"},
        "colour": {"enum": ["red", "5", "null ", "dark blue", None, 7]},
        "word": {"enum": ["a", "b c"]},
        "short": {"type": "string", "minLength": 2, "maxLength": 5},
        "note": NULLABLE,
        "mixed": {"type": ["string", "integer", "boolean"]},
    },
    "required": ["text", "ratio", "note", "mixed"],
    "additionalProperties": False,
}
TOOLS = {
    "scalars": ir.Tool("scalars", SCALARS, strict=True),
    "deep": ir.Tool("deep", DEEP, strict=True),
    "nothing": ir.Tool("nothing", record(), strict=True),
    "optional": ir.Tool("optional", {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}}),
    "free": ir.Tool("free", FREE),
}
# In tokens: from here on an answer is brought to its end.
LONG = 80
# More take their time: CALLS_WRITTEN=500 make test.
WRITTEN = int(os.environ.get("CALLS_WRITTEN", "10"))


def held(
    tokenizer: TokenizerWrapper, tools: list[ir.Tool], choice: ir.ToolChoice | None, *, may_think: bool = False
) -> Constraint:
    form = forms.form(Job(question("Hello", tools=tuple(tools), tool_choice=choice)))
    assert form is not None
    grammar = grammars.grammar(form, tokenizer, thinks=False, may_think=may_think)
    assert grammar is not None
    return constraint(grammar, tokenizer, param=form.param)


def read(tokenizer: TokenizerWrapper, tokens: list[int], tools: list[ir.Tool]) -> Answered:
    answer = Answer(tokenizer, prompts.tools(question("Hello", tools=tuple(tools))), [])
    events = [event for token in tokens for event in answer.feed(token)]
    return Answered([*events, *answer.end("end_turn", token=True)])


def accepts(held: Constraint, tokenizer: TokenizerWrapper, text: str) -> bool:
    tokens = tokenizer.encode(text, add_special_tokens=False)
    return may_follow(held, [*tokens, *tokenizer.eos_token_ids])


def may_follow(held: Constraint, tokens: list[int]) -> bool:
    return held._matcher.validate_tokens(tokens) == len(tokens)


def write(held: Constraint, tokenizer: TokenizerWrapper, seed: int) -> list[int]:
    """An answer that the grammar allows, at random."""
    chance = random.Random(seed)
    tempting, closing = (
        [tokenizer.encode(text, add_special_tokens=False) for text in some] for some in (TEMPTING, CLOSING)
    )
    (end,) = tokenizer.eos_token_ids
    written: list[int] = []
    for _ in range(3000):
        allowed = held.allowed().nonzero()[0].tolist()
        if allowed == [end] or (end in allowed and chance.random() < 0.5):
            return written
        some = [chance.choice([token for token in allowed if token != end])]
        offered = chance.sample(tempting, 12) if len(written) < LONG else chance.sample(closing, len(closing))
        if chance.random() < (0.4 if len(written) < LONG else 0.95):
            some = next((text for text in offered if may_follow(held, text)), some)
        for token in some:
            held.advance(token)
            written.append(token)
    raise AssertionError(tokenizer.decode(written))


@pytest.mark.parametrize(
    ("family", "words"),
    [*((family, False) for family in FAMILIES), ("qwen3_coder", True), ("glm47", True), ("minimax_m2", True)],
)
def test_whatever_may_be_written_is_read_as_a_valid_call(family: str, words: bool, tmp_path: Path) -> None:
    tokenizer = tokenizer_of(family, tmp_path, words=words)
    tools = [tool for name, tool in TOOLS.items() if not (family == "function_gemma" and name == "deep")]
    schemas = {tool.name: tool.input_schema for tool in tools}
    for seed in range(WRITTEN):
        chosen = tools if seed % 2 else [tools[seed // 2 % len(tools)]]
        bound = held(tokenizer, chosen, ir.ToolChoice("any"))
        tokens = write(bound, tokenizer, seed)
        assert not bound.has_failed, (bound._matcher.get_error(), tokenizer.decode(tokens))
        answered = read(tokenizer, tokens, chosen)
        text = tokenizer.decode(tokens)
        assert answered.calls, (seed, text, answered.text)
        assert not answered.text, (seed, text)
        for name, arguments in answered.calls:
            try:
                jsonschema.validate(arguments, schemas[name])
            except jsonschema.ValidationError as error:
                raise AssertionError((seed, text, error.message)) from error


@pytest.mark.parametrize("family", FAMILIES)
def test_a_call_is_read_as_the_family_writes_it(family: str, tmp_path: Path) -> None:
    tokenizer = tokenizer_of(family, tmp_path)
    one, *several = WRITTEN_CALLS[family]
    forced = held(tokenizer, [FORECAST, WEATHER], ir.ToolChoice("any"))
    named = held(tokenizer, [FORECAST, WEATHER], ir.ToolChoice("tool", "get_forecast"))
    free = held(tokenizer, [FORECAST, WEATHER], None)
    assert accepts(forced, tokenizer, one)
    assert accepts(named, tokenizer, one)
    assert accepts(free, tokenizer, f"Well. {one}")
    assert accepts(free, tokenizer, "Well.")
    assert not accepts(forced, tokenizer, f"Well. {one}")
    assert not accepts(free, tokenizer, one.replace(str(DAYS), "many"))
    tokens = tokenizer.encode(f"Well. {one}", add_special_tokens=False)
    answered = read(tokenizer, tokens, [FORECAST])
    assert (answered.text, answered.calls) == ("Well.", [("get_forecast", ARGUMENTS)])
    for two in several:
        assert accepts(forced, tokenizer, two)
        assert not accepts(named, tokenizer, two)
        answered = read(tokenizer, tokenizer.encode(two, add_special_tokens=False), [FORECAST])
        assert answered.calls == [("get_forecast", ARGUMENTS)] * 2


def test_thinking_stands_before_a_call_in_a_familys_own_markers(tmp_path: Path) -> None:
    tokenizer = tokenizer_of("gemma4", tmp_path)
    call, *_ = WRITTEN_CALLS["gemma4"]
    bound = held(tokenizer, [FORECAST], ir.ToolChoice("any"), may_think=True)
    text = f"<|channel>thought\nHm, {DAYS}.<channel|>{call}"
    assert accepts(bound, tokenizer, text)
    assert accepts(bound, tokenizer, call)
    assert not accepts(bound, tokenizer, f"<|channel>thought\nHm {call}")
    answered = read(tokenizer, tokenizer.encode(text, add_special_tokens=False), [FORECAST])
    assert (answered.thinking, answered.text) == (f"Hm, {DAYS}.", "")
    assert answered.calls == [("get_forecast", ARGUMENTS)]


@pytest.mark.parametrize(
    ("family", "tool", "reason"),
    [
        ("pythonic", ir.Tool("get-weather", record()), "a tool named 'get-weather'"),
        ("pythonic", ir.Tool("f", record(**{"from": {"type": "string"}})), "an argument named 'from'"),
        ("function_gemma", ir.Tool("f", record(a={"type": "array"})), "lists and objects"),
        ("gemma4", ir.Tool("f", record(**{"a-b": {"type": "string"}})), "an argument named 'a-b'"),
        ("gemma4", ir.Tool("f", record(a={"type": "string", "format": "date"}), strict=True), "the schema's 'format'"),
        ("qwen3_coder", ir.Tool("f", record(a={"type": "string", "pattern": "a+"}), strict=True), "'pattern'"),
        ("qwen3_coder", ir.Tool("f", record(a={"enum": ["null"]})), "any of the values"),
        ("glm47", ir.Tool("f", {**record(), "anyOf": [{}]}, strict=True), "the schema's 'anyOf'"),
        ("glm47", ir.Tool("f", record(a={"$ref": "#/properties/a"})), "a reference to '#/properties/a'"),
        ("glm47", ir.Tool("f", {"type": "object", "required": ["a"]}, strict=True), "'a', which is required"),
    ],
)
def test_what_a_syntax_cannot_express_is_refused(family: str, tool: ir.Tool, reason: str, tmp_path: Path) -> None:
    with pytest.raises(GatewayError) as caught:
        held(tokenizer_of(family, tmp_path), [FORECAST, tool], ir.ToolChoice("any"))
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "tools[1]")
    assert reason in caught.value.message


def test_what_cannot_be_expressed_is_left_out_where_it_need_not_be_there(tmp_path: Path) -> None:
    tokenizer = tokenizer_of("function_gemma", tmp_path)
    tool = ir.Tool("f", {"type": "object", "properties": {"a": {"type": "array"}, "b": {"type": "string"}}})
    bound = held(tokenizer, [tool], ir.ToolChoice("any"))
    for inside, expected in [("", True), ("b:<escape>x<escape>", True), ("a:5", False)]:
        text = f"<start_function_call>call:f{{{inside}}}<end_function_call>"
        assert accepts(bound, tokenizer, text) is expected


@pytest.mark.parametrize("family", ["qwen3_coder", "glm47", "gemma4", "function_gemma"])
def test_schemas_of_any_size_make_grammars_at_once(family: str, tmp_path: Path) -> None:
    tokenizer = tokenizer_of(family, tmp_path)
    sizes = {
        "long": {"type": "string", "maxLength": 10**9},
        "many": {"enum": [f"value {number}" for number in range(5000)]},
        "odd": {"type": "string", "minLength": 2.0, "maxLength": 10**5},
    }
    sizes |= {} if family == "function_gemma" else {"list": {"type": "array", "maxItems": 10**6}}
    for each in sizes.values():
        began = time.process_time()
        bound = held(tokenizer, [ir.Tool("f", record(a=each), strict=True)], ir.ToolChoice("any"))
        tokens = write(bound, tokenizer, 1)
        assert not bound.has_failed, tokenizer.decode(tokens)
        assert time.process_time() - began < 10


@pytest.mark.parametrize("family", ["qwen3_coder", "minimax_m2"])
def test_text_that_may_be_null_stays_text(family: str, tmp_path: Path) -> None:
    tokenizer = tokenizer_of(family, tmp_path)
    tool = ir.Tool("get_forecast", record(city=NULLABLE, days={"type": "integer"}), strict=True)
    bound = held(tokenizer, [tool], ir.ToolChoice("any"))
    for written_as, city in [("5", "5"), ("null", None), ("[x]", "[x]")]:
        text = WRITTEN_CALLS[family][0].replace(str(ARGUMENTS["city"]), written_as)
        assert accepts(bound, tokenizer, text)
        answered = read(tokenizer, tokenizer.encode(text, add_special_tokens=False), [tool])
        assert answered.calls == [("get_forecast", {"city": city, "days": DAYS})]
