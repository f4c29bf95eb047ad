"""Plain answers, translated both ways."""

import json

from benchmarks.faults.check import Ask, Check, Outcome
from benchmarks.faults.checks.tools import ANTHROPIC_TOOLS, OPENAI_TOOLS
from benchmarks.faults.must import calls, ends, hear, raises, says, tokens
from benchmarks.faults.scripts import Json, completion, message, tool_call
from tests.answers import plain

TO_ANTHROPIC = Ask("openai", "anthropic", body={"tools": OPENAI_TOOLS})
TO_OPENAI = Ask("anthropic", "openai", body={"tools": ANTHROPIC_TOOLS})
PARIS, ROME = {"city": "Paris"}, {"city": "Rome"}
LARGE = {"whole": 12345678901234567890, "part": 0.1, "text": "Żółć 👩‍👩‍👧"}
CACHED = {"input_tokens": 10, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 100, "output_tokens": 5}
OPENAI_CACHED = {
    "prompt_tokens": 130,
    "completion_tokens": 5,
    "total_tokens": 135,
    "prompt_tokens_details": {"cached_tokens": 100},
}


def use(call_id: str, name: str, arguments: Json) -> Json:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def says_text(words: str) -> Json:
    return {"type": "text", "text": words}


def no_empty_list(outcome: Outcome) -> None:
    """OpenAI leaves `tool_calls` out where there is none; clients loop on what is there."""
    assert hear(outcome).whole.choices[0].message.tool_calls is None, "tool_calls is an empty list"


def no_empty_text(outcome: Outcome) -> None:
    """Anthropic refuses an empty text block when it is sent back."""
    texts = [block.text for block in hear(outcome).whole.content if block.type == "text"]
    assert all(texts), "an empty text block"


def whole_numbers(outcome: Outcome) -> None:
    usage = hear(outcome).usage
    counts = (usage.input_tokens, usage.output_tokens)
    assert all(isinstance(count, int) for count in counts), f"the counts are {counts}"


PLAIN = (
    Check(
        "large numbers to an OpenAI client",
        TO_ANTHROPIC,
        (calls(("get_weather", LARGE)),),
        (plain(message((use("toolu_1", "get_weather", LARGE),), stop="tool_use")),),
    ),
    Check(
        "large numbers to an Anthropic client",
        TO_OPENAI,
        (calls(("get_weather", LARGE)),),
        (
            plain(
                completion(
                    {"content": None, "tool_calls": [tool_call("call_1", "get_weather", json.dumps(LARGE))]},
                    finish="tool_calls",
                )
            ),
        ),
    ),
    Check(
        "an answer without content to an OpenAI client", TO_ANTHROPIC, (says(""), ends("stop")), (plain(message(())),)
    ),
    Check(
        "an answer without content to an Anthropic client",
        TO_OPENAI,
        (says(""), ends("end_turn"), no_empty_text),
        (plain(completion({"content": None})),),
    ),
    Check("no choices", TO_OPENAI, (raises,), (plain({**completion({}), "choices": []}),)),
    Check(
        "no usage", TO_OPENAI, (says("Hi"), whole_numbers), (plain({**completion({"content": "Hi"}), "usage": None}),)
    ),
    Check(
        "two tools to an OpenAI client",
        TO_ANTHROPIC,
        (says("Look."), calls(("get_weather", PARIS), ("get_weather", ROME)), ends("tool_calls")),
        (
            plain(
                message(
                    (says_text("Look."), use("toolu_1", "get_weather", PARIS), use("toolu_2", "get_weather", ROME)),
                    stop="tool_use",
                )
            ),
        ),
    ),
    Check(
        "two tools to an Anthropic client",
        TO_OPENAI,
        (calls(("get_weather", PARIS), ("get_weather", ROME)), ends("tool_use"), no_empty_text),
        (
            plain(
                completion(
                    {
                        "content": "",
                        "tool_calls": [
                            tool_call("call_1", "get_weather", '{"city": "Paris"}'),
                            tool_call("call_2", "get_weather", '{"city": "Rome"}'),
                        ],
                    },
                    finish="tool_calls",
                )
            ),
        ),
    ),
    Check(
        "no tools are no list",
        TO_ANTHROPIC,
        (says("Hi"), no_empty_list, ends("stop")),
        (plain(message((says_text("Hi"),))),),
    ),
    Check(
        "empty arguments are an empty object",
        TO_OPENAI,
        (calls(("now", {})), ends("tool_use")),
        (plain(completion({"content": None, "tool_calls": [tool_call("call_1", "now", "")]}, finish="tool_calls")),),
    ),
    Check(
        "a call that ends with stop is tool_use",
        TO_OPENAI,
        (calls(("get_weather", PARIS)), ends("tool_use")),
        (
            plain(
                completion(
                    {"content": None, "tool_calls": [tool_call("call_1", "get_weather", '{"city": "Paris"}')]},
                    finish="stop",
                )
            ),
        ),
    ),
    Check(
        "tool_calls without a call is end_turn",
        TO_OPENAI,
        (says("Hi"), calls(), ends("end_turn")),
        (plain(completion({"content": "Hi", "tool_calls": []}, finish="tool_calls")),),
    ),
    Check(
        "cached input is part of prompt_tokens",
        TO_ANTHROPIC,
        (tokens(prompt_tokens=130, prompt_tokens_details__cached_tokens=100, completion_tokens=5, total_tokens=135),),
        (plain(message((says_text("Hi"),), usage=CACHED)),),
    ),
    Check(
        "cached input is apart from input_tokens",
        TO_OPENAI,
        (tokens(input_tokens=30, cache_read_input_tokens=100, output_tokens=5),),
        (plain(completion({"content": "Hi"}, usage=OPENAI_CACHED)),),
    ),
    Check(
        "thinking stays out of the text",
        TO_ANTHROPIC,
        (says("Four."),),
        (plain(message(({"type": "thinking", "thinking": "Two.", "signature": "sig="}, says_text("Four.")))),),
    ),
    Check(
        "reasoning stays out of the text",
        TO_OPENAI,
        (says("Four."),),
        (plain(completion({"content": "Four.", "reasoning_content": "Two."})),),
    ),
    Check(
        "the refusal's words are shown",
        TO_OPENAI,
        (says("I will not."),),
        (plain(completion({"content": None, "refusal": "I will not."})),),
    ),
    Check(
        "refusal is content_filter",
        TO_ANTHROPIC,
        (ends("content_filter"),),
        (plain(message((says_text("No"),), stop="refusal")),),
    ),
    Check(
        "content_filter is refusal",
        TO_OPENAI,
        (ends("refusal"),),
        (plain(completion({"content": "No"}, finish="content_filter")),),
    ),
)
