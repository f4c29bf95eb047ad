"""How the families of models write calls, by the parser of mlx_lm that reads them: one row each."""

import keyword
from dataclasses import dataclass

from inference.worker.adapter import TokenizerWrapper
from inference.worker.notations import FUNCTION_GEMMA, GEMMA
from inference.worker.written import Writer, as_json, in_notation, in_tags, in_tags_or_null

WORD = r"[\w-]+"
NO_TAG = r"[^\s<>\"'&:]+"
IDENTIFIER = rf"(?!(?:{'|'.join(keyword.kwlist)})\Z)[^\W\d]\w*"
ANY_NAME = r"(?s:.+)"


@dataclass(frozen=True, slots=True)
class Listed:
    """Arguments one by one. `{key}` stands for the name of one, as `keys` allows it.

    `free_key`: a pattern for names where the schema gives none; without, there are no arguments then.
    """

    before: str
    after: str
    value: Writer
    keys: str
    separator: str = ""
    free_key: str | None = None


@dataclass(frozen=True, slots=True)
class Syntax:
    """A call stands in `head` and `tail`; where `between` is given, several share a pair of markers, from `first` to
    `last`. `{name}` stands for the tool's, as `names` allows it; `{gap}` for a line break that may be there, `{number}`
    for any. Arguments that are not listed are one JSON object."""

    head: str
    tail: str
    listed: Listed | None = None
    names: str = ANY_NAME
    first: str = ""
    between: str | None = None
    last: str = ""


def tagged(before: str, after: str, separator: str = "", write: Writer = in_tags_or_null) -> Listed:
    return Listed(before, after, write, NO_TAG, separator, free_key="[A-Za-z_][A-Za-z0-9_-]*")


JSON_CALL = Syntax('\n{"name": {quoted_name}, "arguments": ', "}\n")
ARGUMENT_KEYS = Syntax(
    "{name}{gap}",
    "{gap}",
    tagged("<arg_key>{key}</arg_key>{gap}<arg_value>", "</arg_value>", "{gap}", in_tags),
    names=NO_TAG,
)
SYNTAXES = {
    "json_tools": JSON_CALL,
    "longcat": JSON_CALL,
    "qwen3_coder": Syntax(
        "\n<function={name}>\n",
        "</function>\n",
        tagged("<parameter={key}>\n", "\n</parameter>\n"),
        names=NO_TAG,
    ),
    "glm47": ARGUMENT_KEYS,
    "laguna": ARGUMENT_KEYS,
    "minimax_m2": Syntax(
        '<invoke name="{name}">\n',
        "</invoke>\n",
        tagged('<parameter name="{key}">', "</parameter>\n"),
        names=NO_TAG,
        first="\n",
        between="",
    ),
    "minicpm5": Syntax('"{name}">', "", tagged('<param name="{key}">', "</param>"), names=NO_TAG),
    "kimi_k2": Syntax(
        "<|tool_call_begin|>functions.{name}:{number}<|tool_call_argument_begin|>",
        "<|tool_call_end|>",
        names=NO_TAG,
        between="",
    ),
    "mistral": Syntax('{"name": {quoted_name}, "arguments": ', "}", first=" [", between=", ", last="]"),
    "pythonic": Syntax(
        "{name}(",
        ")",
        Listed("{key}=", "", as_json, keys=IDENTIFIER, separator=", "),
        names=rf"{IDENTIFIER}(\.{IDENTIFIER})*",
        first="[",
        between=", ",
        last="]",
    ),
    "function_gemma": Syntax(
        "call:{name}{",
        "}",
        Listed("{key}:", "", in_notation(FUNCTION_GEMMA), keys=FUNCTION_GEMMA.keys, separator=","),
        names=r"\w+",
    ),
    "gemma4": Syntax(
        "call:{name}{", "}", Listed("{key}:", "", in_notation(GEMMA), keys=GEMMA.keys, separator=","), names=WORD
    ),
}
# A newer layout of the same family.
MISTRAL_ARGUMENTS = Syntax("{name}[ARGS]", "", names=WORD, between="[TOOL_CALLS]")


def syntax_of(tokenizer: TokenizerWrapper) -> Syntax | None:
    name = tokenizer.init_kwargs.get("tool_parser_type")
    if name == "mistral" and "[ARGS]" in (tokenizer.chat_template or ""):
        return MISTRAL_ARGUMENTS
    return SYNTAXES.get(name)
