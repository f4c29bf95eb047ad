"""Calls in the syntax of each family: what a grammar allows, mlx_lm reads as a call that the schema allows."""

import json
import os
import random
import time
from pathlib import Path

import jsonschema
import pytest
from transformers import AutoTokenizer

from inference import ir
from inference.errors import GatewayError, Kind
from inference.installed import DEMO_FOLDER
from inference.protocols.native import Job
from inference.worker import forms, grammars, prompts
from inference.worker.adapter import TokenizerWrapper, load_tokenizer
from inference.worker.constraints import Constraint, constraint
from inference.worker.parsing import Answer
from inference.worker.syntaxes import SYNTAXES
from tests.local_models import WEATHER, Answered, question
from tests.schemas import record

# What a family's tokenizer has as tokens of their own.
TOKENS = {
    "glm47": ["<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"],
    "minimax_m2": ["<minimax:tool_call>", "</minimax:tool_call>"],
    "kimi_k2": [
        "<|tool_calls_section_begin|>",
        "<|tool_calls_section_end|>",
        "<|tool_call_begin|>",
        "<|tool_call_end|>",
        "<|tool_call_argument_begin|>",
    ],
    "mistral": ["[TOOL_CALLS]"],
    "mistral arguments": ["[TOOL_CALLS]", "[ARGS]"],
    "pythonic": ["<|tool_call_start|>", "<|tool_call_end|>"],
    "function_gemma": ["<start_function_call>", "<end_function_call>", "<escape>"],
    "gemma4": ["<|tool_call>", "<tool_call|>", '<|"|>'],
    "longcat": ["<longcat_tool_call>", "</longcat_tool_call>"],
}
FAMILIES = [*SYNTAXES, "mistral arguments"]

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
# What a random text would hardly hit upon, to be written where it may.
TEMPTING = [
    *(
        "null",
        "NULL",
        "true",
        "True",
        "None",
        "5",
        "-1.5e3",
        "9007199254740993",
        "0x1F",
        "1_000",
        "nan",
        "Infinity",
        "set()",
    ),
    *(
        '"',
        "'",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ",",
        ":",
        "=",
        "\n",
        " ",
        "\\",
        '"a"',
        "[1]",
        '{"a": 1}',
        "b'x'",
        "# 5",
        "True #",
    ),
    *("Paris", "2024-01-01", "/tmp", "é", "👋", "<", "</", "<![CDATA[", "]]>", "a,b:c", "\x00", "<escape>", '<|"|>'),
    *("</parameter>", "\n</parameter>\n", "</parameter>\n", "</function>\n", "</invoke>\n", "</arg_value>", "</param>"),
    *("<arg_key>", "<parameter=", "</tool_call>", "<tool_call>", "[ARGS]", "[TOOL_CALLS]", "<|tool_call_end|>"),
]

# What comes to an end, once an answer is as long as this.
CLOSING = ["\n</parameter>\n", "</parameter>", "</param>", "</arg_value>", "</arg_key>", "</function>", "</invoke>"]
CLOSING += ["</tool_call>", "<|tool_call_end|>", "<|tool_calls_section_end|>", "<escape>", '<|"|>', '">', ">\n", ")]"]
CLOSING += ["}", "]", ")", ">", '"', ":", "a", "5"]
LONG = 80
# More take their time: CALLS_WRITTEN=500 make test.
WRITTEN = int(os.environ.get("CALLS_WRITTEN", "10"))


# Calls as the families' own templates write them, one and two of them.
FORECAST = ir.Tool("get_forecast", record(city={"type": "string"}, days={"type": "integer"}), strict=True)
ARGUMENTS = {"city": 'Rome "x"\n</b>', "days": 2**60 + 1}
DAYS = ARGUMENTS["days"]
PLAIN_JSON = f'{{"city": "Rome \\"x\\"\\n</b>", "days": {DAYS}}}'
TEXT = 'Rome "x"\n</b>'
TOOL_CALL = f'<tool_call>\n{{"name": "get_forecast", "arguments": {PLAIN_JSON}}}\n</tool_call>'
CODER = (
    f"<tool_call>\n<function=get_forecast>\n<parameter=city>\n{TEXT}\n</parameter>\n"
    f"<parameter=days>\n{DAYS}\n</parameter>\n</function>\n</tool_call>"
)
GLM = (
    f"<tool_call>get_forecast\n<arg_key>city</arg_key>\n<arg_value>{TEXT}</arg_value>\n"
    f"<arg_key>days</arg_key>\n<arg_value>{DAYS}</arg_value>\n</tool_call>"
)
INVOKE = (
    f'<invoke name="get_forecast">\n<parameter name="city">{TEXT}</parameter>\n'
    f'<parameter name="days">{DAYS}</parameter>\n</invoke>\n'
)
CPM = f'<function name="get_forecast"><param name="city">{TEXT}</param><param name="days">{DAYS}</param></function>'
KIMI = f"<|tool_call_begin|>functions.get_forecast:NUMBER<|tool_call_argument_begin|>{PLAIN_JSON}<|tool_call_end|>"
SECTION = "<|tool_calls_section_begin|>{}<|tool_calls_section_end|>"
OLD_MISTRAL = f'{{"name": "get_forecast", "arguments": {PLAIN_JSON}}}'
MISTRAL = f"[TOOL_CALLS]get_forecast[ARGS]{PLAIN_JSON}"
PYTHON = f'get_forecast(city="Rome \\"x\\"\\n</b>", days={DAYS})'
SMALL_GEMMA = f"<start_function_call>call:get_forecast{{city:<escape>{TEXT}<escape>,days:{DAYS}}}<end_function_call>"
GEMMA = f'<|tool_call>call:get_forecast{{city:<|"|>{TEXT}<|"|>,days:{DAYS}}}<tool_call|>'
WRITTEN_CALLS = {
    "json_tools": (TOOL_CALL, f"{TOOL_CALL}\n{TOOL_CALL}"),
    "longcat": (TOOL_CALL.replace("tool_call", "longcat_tool_call"), None),
    "qwen3_coder": (CODER, f"{CODER}\n{CODER}"),
    "glm47": (GLM, f"{GLM}\n{GLM}"),
    "laguna": (GLM.replace("\n<arg", "<arg").replace("\n</tool", "</tool"), None),
    "minimax_m2": tuple(f"<minimax:tool_call>\n{INVOKE * n}</minimax:tool_call>" for n in (1, 2)),
    "minicpm5": (CPM, CPM + CPM),
    "kimi_k2": tuple(SECTION.format("".join(KIMI.replace("NUMBER", str(at)) for at in range(n))) for n in (1, 2)),
    "mistral": tuple(f"[TOOL_CALLS] [{', '.join([OLD_MISTRAL] * n)}]" for n in (1, 2)),
    "mistral arguments": (MISTRAL, MISTRAL + MISTRAL),
    "pythonic": tuple(f"<|tool_call_start|>[{', '.join([PYTHON] * n)}]<|tool_call_end|>" for n in (1, 2)),
    "function_gemma": (SMALL_GEMMA, SMALL_GEMMA + SMALL_GEMMA),
    "gemma4": (GEMMA, GEMMA + GEMMA),
}


def tokenizer_of(family: str, folder: Path, *, words: bool = False) -> TokenizerWrapper:
    """The demo model's tokenizer as one of the family; `words`: with no tokens of its own for the family's markers."""
    config = json.loads((DEMO_FOLDER / "tokenizer_config.json").read_text())
    config |= {"tool_parser_type": family.partition(" ")[0]}
    config |= {"chat_template": "{# [ARGS] #}"} if family == "mistral arguments" else {}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_bytes((DEMO_FOLDER / "tokenizer.json").read_bytes())
    if not words:
        known = AutoTokenizer.from_pretrained(folder)
        known.add_tokens(TOKENS.get(family, []), special_tokens=True)
        known.save_pretrained(folder)
    loaded: TokenizerWrapper = load_tokenizer(folder)
    return loaded


def held(tokenizer: TokenizerWrapper, tools: list[ir.Tool], choice: ir.ToolChoice | None) -> Constraint:
    form = forms.form(Job(question("Hello", tools=tuple(tools), tool_choice=choice)))
    assert form is not None
    grammar = grammars.grammar(form, tokenizer, thinks=False, may_think=False)
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
    one, two = WRITTEN_CALLS[family]
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
    if two is not None:
        assert accepts(forced, tokenizer, two)
        assert not accepts(named, tokenizer, two)
        answered = read(tokenizer, tokenizer.encode(two, add_special_tokens=False), [FORECAST])
        assert answered.calls == [("get_forecast", ARGUMENTS)] * 2


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
