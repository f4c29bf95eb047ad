"""The families of models by how they call tools: their tokenizers, and calls as their own templates write them."""

import json
from pathlib import Path

from transformers import AutoTokenizer

from inference import ir
from inference.installed import DEMO_FOLDER
from inference.worker.adapter import TokenizerWrapper, load_tokenizer
from inference.worker.syntaxes import SYNTAXES
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

# What brings it to an end.
CLOSING = ["\n</parameter>\n", "</parameter>", "</param>", "</arg_value>", "</arg_key>", "</function>", "</invoke>"]
CLOSING += ["</tool_call>", "<|tool_call_end|>", "<|tool_calls_section_end|>", "<escape>", '<|"|>', '">', ">\n", ")]"]
CLOSING += ["}", "]", ")", ">", '"', ":", "a", "5"]

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
WRITTEN_CALLS: dict[str, tuple[str, ...]] = {
    "json_tools": (TOOL_CALL, f"{TOOL_CALL}\n{TOOL_CALL}"),
    "longcat": (TOOL_CALL.replace("tool_call", "longcat_tool_call"),),
    "qwen3_coder": (CODER, f"{CODER}\n{CODER}"),
    "glm47": (GLM, f"{GLM}\n{GLM}"),
    "laguna": (GLM.replace("\n<arg", "<arg").replace("\n</tool", "</tool"),),
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
    vocabulary = (DEMO_FOLDER / "tokenizer.json").read_text()
    if family == "gemma4":
        vocabulary = vocabulary.replace("<think>", "<|channel>").replace("</think>", "<channel|>")
    (folder / "tokenizer.json").write_text(vocabulary)
    if not words:
        known = AutoTokenizer.from_pretrained(folder)
        known.add_tokens(TOKENS.get(family, []), special_tokens=True)
        known.save_pretrained(folder)
    loaded: TokenizerWrapper = load_tokenizer(folder)
    return loaded
