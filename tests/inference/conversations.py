"""Conversations, requests and answers in the neutral form, as hypothesis draws them."""

import msgspec
from hypothesis import strategies as st

from inference import ir

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
IDS = st.sampled_from(["call_1", "call_2", "functions.Bash:0", "functions_Bash_0", "", "ü"])
NAMES = st.sampled_from(["get_weather", "mcp__" + "long_" * 20 + "name", "dots.and.spaces here"])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
OBJECTS = st.dictionaries(WORDS, JSON_VALUES, max_size=2)
TEXTS = st.builds(ir.Text, WORDS)
CALLS = st.builds(ir.ToolUse, id=IDS, name=NAMES, input=OBJECTS)
RESULTS = st.builds(ir.ToolResult, IDS, st.lists(TEXTS, max_size=2).map(tuple), st.booleans())
NATIVE_THINKING = st.builds(ir.Thinking, WORDS, st.just("c2lnbmVk")) | st.builds(ir.RedactedThinking, WORDS)
THINKING = NATIVE_THINKING | st.builds(ir.Thinking, WORDS, st.sampled_from(["", "gw1."]))

MESSAGES = st.one_of(
    st.builds(ir.Message, st.just("user"), st.lists(TEXTS | RESULTS, max_size=3).map(tuple)),
    st.builds(ir.Message, st.just("assistant"), st.lists(TEXTS | CALLS | THINKING, max_size=4).map(tuple)),
    st.builds(ir.Message, st.just("system"), st.lists(TEXTS, max_size=1).map(tuple)),
)
HISTORIES = st.lists(MESSAGES, max_size=8)
CONVERSATIONS = HISTORIES.map(lambda history: (*history, ir.Message("user", (ir.Text("Go on."),))))

USAGES = st.builds(
    lambda uncached, cached, written, output, thought: ir.Usage(
        uncached + cached + written, output, cached, written, reasoning_tokens=thought
    ),
    *[st.integers(0, 99)] * 4,
    st.none() | st.integers(0, 99),
)


def distinct_calls(blocks: list[ir.Block]) -> tuple[ir.Block, ...]:
    return tuple(
        msgspec.structs.replace(block, id=f"call_{position}") if isinstance(block, ir.ToolUse) else block
        for position, block in enumerate(blocks)
    )


@st.composite
def completions(draw: st.DrawFn) -> ir.Completion:
    """As both protocols can carry them: thinking, one text, then calls."""
    thinking = draw(st.lists(st.builds(ir.Thinking, WORDS, st.just("c2lnbmVk")), max_size=1))
    text = draw(st.lists(TEXTS, max_size=1))
    calls = draw(st.lists(CALLS, max_size=3))
    ends: list[ir.StopReason] = ["tool_use"] if calls else ["end_turn", "max_tokens"]
    return ir.Completion(
        id="",
        content=distinct_calls([*thinking, *text, *calls]),
        stop_reason=draw(st.sampled_from(ends)),
        usage=draw(USAGES),
    )
