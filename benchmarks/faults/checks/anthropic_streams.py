"""An Anthropic client streams from an OpenAI upstream: the events keep Anthropic's grammar and nothing is lost."""

from benchmarks.faults.check import Ask, Check, Must, Outcome
from benchmarks.faults.checks.tools import ANTHROPIC_TOOLS
from benchmarks.faults.grammar import anthropic_events
from benchmarks.faults.must import calls, ends, ends_as_the_vendor_says, says, tokens, well_formed
from benchmarks.faults.scripts import DONE, OPENAI_USAGE, ROLE, Json, call, chunk, said
from tests.answers import events as stream

ASKED = Ask("anthropic", "openai", stream=True)
OFFERED = Ask("anthropic", "openai", stream=True, body={"tools": ANTHROPIC_TOOLS})
PARIS = {"city": "Paris"}
TO_PARIS = call(0, "call_1", "get_weather", '{"city": "Paris"}')
CACHED = {
    "prompt_tokens": 130,
    "completion_tokens": 5,
    "total_tokens": 135,
    "prompt_tokens_details": {"cached_tokens": 100},
}
FILTERED = [{"prompt_index": 0, "content_filter_results": {}}]


def thinks_first(outcome: Outcome) -> None:
    """Where the thinking is shown at all, it is a block before the others."""
    kinds = [event["content_block"]["type"] for event in starts(outcome)]
    assert "thinking" not in kinds[1:], f"the blocks are {kinds}"


def starts(outcome: Outcome) -> list[Json]:
    return [event for event in anthropic_events(outcome.reply.body) if event["type"] == "content_block_start"]


def both(*musts: Must) -> tuple[Must, ...]:
    return (well_formed, *musts)


TEXTS = (
    Check(
        "text in pieces",
        ASKED,
        both(says("Hello there"), ends("end_turn")),
        (said({"content": "Hello"}, {"content": " there"}),),
    ),
    Check(
        "text and the end in one chunk",
        ASKED,
        both(says("Hello there"), ends("end_turn")),
        (stream(ROLE, chunk({"content": "Hello"}), chunk({"content": " there"}, finish="stop"), DONE),),
    ),
    Check(
        "everything in one chunk",
        OFFERED,
        both(says("Look."), calls(("get_weather", PARIS)), ends("tool_use"), tokens(input_tokens=12, output_tokens=4)),
        (
            stream(
                chunk({"role": "assistant", "content": "Look.", **TO_PARIS}, finish="tool_calls", usage=OPENAI_USAGE),
                DONE,
            ),
        ),
    ),
    Check("an empty answer", ASKED, both(says(""), ends("end_turn")), (said(),)),
    Check(
        "a chunk without choices first",
        ASKED,
        both(says("Hi"), ends("end_turn")),
        (
            stream(
                chunk(prompt_filter_results=FILTERED), ROLE, chunk({"content": "Hi"}), chunk({}, finish="stop"), DONE
            ),
        ),
    ),
    Check(
        "the refusal's words are shown",
        ASKED,
        both(says("I will not.")),
        (said({"refusal": "I will"}, {"refusal": " not."}),),
    ),
    Check(
        "reasoning comes before the text",
        ASKED,
        both(says("Four."), thinks_first),
        (said({"reasoning_content": "Two and"}, {"reasoning_content": " two."}, {"content": "Four."}),),
    ),
    Check(
        "reasoning, then a tool",
        OFFERED,
        both(calls(("get_weather", PARIS)), thinks_first),
        (said({"reasoning_content": "I ask."}, TO_PARIS, finish="tool_calls"),),
    ),
    Check(
        "reasoning and text in one chunk",
        ASKED,
        both(says("Four."), thinks_first),
        (said({"reasoning_content": "Two.", "content": "Four."}),),
    ),
)

ENDS_AND_USAGE = (
    Check("length is max_tokens", ASKED, both(ends("max_tokens")), (said({"content": "Hi"}, finish="length"),)),
    Check(
        "content_filter is refusal", ASKED, both(ends("refusal")), (said({"content": "No"}, finish="content_filter"),)
    ),
    Check(
        "an unknown finish reason becomes a known one",
        ASKED,
        both(says("Hi"), ends_as_the_vendor_says),
        (said({"content": "Hi"}, finish="eos"),),
    ),
    Check(
        "cached input is apart from input_tokens",
        ASKED,
        both(tokens(input_tokens=30, cache_read_input_tokens=100, output_tokens=5)),
        (said({"content": "Hi"}, usage=CACHED),),
    ),
    Check(
        "usage on every chunk counts once",
        ASKED,
        both(says("Hi there"), tokens(input_tokens=12, output_tokens=4)),
        (
            stream(
                chunk({"role": "assistant", "content": "Hi"}, usage={**OPENAI_USAGE, "completion_tokens": 1}),
                chunk({"content": " there"}, usage={**OPENAI_USAGE, "completion_tokens": 3}),
                chunk({}, finish="stop", usage=OPENAI_USAGE),
                DONE,
            ),
        ),
    ),
    Check(
        "no usage at all",
        ASKED,
        both(says("Hi"), ends("end_turn")),
        (stream(ROLE, chunk({"content": "Hi"}), chunk({}, finish="stop"), DONE),),
    ),
    Check(
        "a chunk after the usage",
        ASKED,
        both(says("Hi"), tokens(input_tokens=12, output_tokens=4)),
        (
            stream(
                ROLE,
                chunk({"content": "Hi"}),
                chunk({}, finish="stop"),
                chunk(usage=OPENAI_USAGE),
                chunk(usage=None),
                DONE,
            ),
        ),
    ),
    Check(
        "an end without [DONE]",
        ASKED,
        both(says("Hi"), ends("end_turn")),
        (stream(ROLE, chunk({"content": "Hi"}), chunk({}, finish="stop"), chunk(usage=OPENAI_USAGE)),),
    ),
)

ANTHROPIC_STREAMS = (*TEXTS, *ENDS_AND_USAGE)
