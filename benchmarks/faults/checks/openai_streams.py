"""An OpenAI client streams from an Anthropic upstream: the chunks keep OpenAI's grammar and nothing is lost."""

from benchmarks.faults.check import Ask, Check, Outcome
from benchmarks.faults.checks.tools import OPENAI_TOOLS
from benchmarks.faults.grammar import events, openai_chunks
from benchmarks.faults.must import calls, ends, ends_as_the_vendor_says, says, tokens, well_formed
from benchmarks.faults.scripts import begin, block, end, event, spoken, text, thinking, tool
from tests.answers import events as stream

ASKED = Ask("openai", "anthropic", stream=True)
COUNTED = Ask("openai", "anthropic", stream=True, body={"stream_options": {"include_usage": True}})
OFFERED = Ask("openai", "anthropic", stream=True, body={"tools": OPENAI_TOOLS})
PARIS, ROME = {"city": "Paris"}, {"city": "Rome"}
CACHED = {"input_tokens": 10, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 100, "output_tokens": 5}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}


def only_choices(outcome: Outcome) -> None:
    """Without include_usage each chunk has a choice: clients read `choices[0]` of it."""
    chunks = [data for _, data in events(outcome.reply.body) if data != "[DONE]"]
    assert all('"choices":[{' in data.replace(" ", "") for data in chunks), "a chunk without a choice"


def usage_apart(outcome: Outcome) -> None:
    chunks = openai_chunks(outcome.reply.body)
    counted = [chunk for chunk in chunks if chunk.get("usage")]
    assert counted == chunks[-1:], "the usage is not in the last chunk alone"
    assert chunks[-1]["choices"] == [], "the usage chunk has a choice"


OPENAI_STREAMS = (
    Check(
        "text in pieces", ASKED, (well_formed, says("Hello there"), ends("stop")), (spoken(text(0, "Hello", " there")),)
    ),
    Check(
        "a tool after text is call 0",
        OFFERED,
        (well_formed, says("Let me see."), calls(("get_weather", PARIS)), ends("tool_calls")),
        (
            spoken(
                text(0, "Let me see."), tool(1, "toolu_1", "get_weather", "", '{"city": ', '"Paris"}'), stop="tool_use"
            ),
        ),
    ),
    Check(
        "parallel tools",
        OFFERED,
        (well_formed, calls(("get_weather", PARIS), ("get_weather", ROME)), ends("tool_calls")),
        (
            spoken(
                tool(0, "toolu_1", "get_weather", '{"city": "Paris"}'),
                tool(1, "toolu_2", "get_weather", '{"city": ', '"Rome"}'),
                stop="tool_use",
            ),
        ),
    ),
    Check(
        "a tool without arguments",
        OFFERED,
        (well_formed, calls(("now", {})), ends("tool_calls")),
        (spoken(tool(0, "toolu_1", "now"), stop="tool_use"),),
    ),
    Check(
        "a tool whose only fragment is empty",
        OFFERED,
        (well_formed, calls(("now", {})), ends("tool_calls")),
        (spoken(tool(0, "toolu_1", "now", ""), stop="tool_use"),),
    ),
    Check(
        "text after a tool",
        OFFERED,
        (well_formed, says("First. Then."), calls(("get_weather", PARIS))),
        (
            spoken(
                text(0, "First."),
                tool(1, "toolu_1", "get_weather", '{"city": "Paris"}'),
                text(2, " Then."),
                stop="tool_use",
            ),
        ),
    ),
    Check(
        "thinking stays out of the text",
        Ask("openai", "anthropic", stream=True, body={"reasoning_effort": "low", "max_tokens": 4000}),
        (well_formed, says("Four.")),
        (spoken(thinking(0, "Two and", " two."), text(1, "Four.")),),
    ),
    Check(
        "redacted thinking, then a tool",
        OFFERED,
        (well_formed, calls(("get_weather", PARIS)), ends("tool_calls")),
        (
            spoken(
                block(0, {"type": "redacted_thinking", "data": "c2VjcmV0"}),
                tool(1, "toolu_1", "get_weather", '{"city": "Paris"}'),
                stop="tool_use",
            ),
        ),
    ),
    Check("an empty text block", ASKED, (well_formed, says("Hi"), ends("stop")), (spoken(text(0), text(1, "Hi")),)),
    Check("an answer without blocks", ASKED, (well_formed, says(""), ends("stop")), (spoken(),)),
    Check(
        "a server's own tool is no call of the client's",
        ASKED,
        (well_formed, says("Found it."), calls(), ends("stop")),
        (spoken(block(0, SEARCH), block(1, FOUND), text(2, "Found it.")),),
    ),
    Check(
        "pings and unknown events",
        ASKED,
        (well_formed, says("Hi")),
        (stream(begin(), event("ping"), event("newly_made", payload={"a": 1}), text(0, "Hi"), event("ping"), end()),),
    ),
    Check(
        "cached input is part of prompt_tokens",
        COUNTED,
        (tokens(prompt_tokens=130, prompt_tokens_details__cached_tokens=100, completion_tokens=5, total_tokens=135),),
        (stream(begin(CACHED), text(0, "Hi"), end(usage={"output_tokens": 5})),),
    ),
    Check(
        "several message_delta count once",
        COUNTED,
        (tokens(prompt_tokens=12, completion_tokens=7, total_tokens=19),),
        (
            stream(
                begin(),
                text(0, "Hi"),
                event("message_delta", delta={"stop_reason": None, "stop_sequence": None}, usage={"output_tokens": 3}),
                end(usage={"output_tokens": 7}),
            ),
        ),
    ),
    Check("the usage chunk has no choice", COUNTED, (usage_apart,), (spoken(text(0, "Hi")),)),
    Check("no usage chunk unless asked for", ASKED, (only_choices,), (spoken(text(0, "Hi")),)),
    Check("max_tokens is length", ASKED, (well_formed, ends("length")), (spoken(text(0, "Hi"), stop="max_tokens"),)),
    Check("stop_sequence is stop", ASKED, (well_formed, ends("stop")), (spoken(text(0, "Hi"), stop="stop_sequence"),)),
    Check(
        "refusal is content_filter",
        ASKED,
        (well_formed, ends("content_filter")),
        (spoken(text(0, "No"), stop="refusal"),),
    ),
    Check(
        "a full context window is length",
        ASKED,
        (well_formed, ends("length")),
        (spoken(text(0, "Hi"), stop="model_context_window_exceeded"),),
    ),
    Check(
        "an unknown stop reason becomes a known one",
        ASKED,
        (well_formed, says("Hi"), ends_as_the_vendor_says),
        (spoken(text(0, "Hi"), stop="newly_made"),),
    ),
)
