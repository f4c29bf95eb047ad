"""An OpenAI client's conversation, as agents send it, on its way to Anthropic: accepted there, and nothing is lost."""

from typing import Any

from benchmarks.faults.check import Ask, Check, Outcome
from benchmarks.faults.checks.tools import OPENAI_TOOLS
from benchmarks.faults.must import says
from benchmarks.faults.received import acceptable, has, or_refused
from benchmarks.faults.scripts import Json, tool_call
from tests.vendor_answers import TEXT

FINE = (or_refused(acceptable, says(TEXT)),)


def user(content: Any) -> Json:
    return {"role": "user", "content": content}


def assistant(content: Any, *calls: Json) -> Json:
    return {"role": "assistant", "content": content} | ({"tool_calls": list(calls)} if calls else {})


def weather(call_id: str, arguments: str = '{"city":"Paris"}') -> Json:
    return tool_call(call_id, "get_weather", arguments)


def result(call_id: str, content: Any) -> Json:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def to_anthropic(*messages: Json, tools: Any = OPENAI_TOOLS) -> Ask:
    return Ask("openai", "anthropic", body={"messages": list(messages), **({"tools": tools} if tools else {})})


def one_answer_each(outcome: Outcome) -> None:
    """Two calls whose ids differ only in a character that Anthropic refuses stay two."""
    blocks = [
        block for turn in outcome.first[0].json()["messages"] for block in turn["content"] if isinstance(block, dict)
    ]
    results = {block["tool_use_id"]: str(block["content"]) for block in blocks if block["type"] == "tool_result"}
    calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
    answers = ["sunny" in results[calls[0]], "rainy" in results[calls[1]]]
    assert answers == [True, True], f"the results are {results}"


ANTHROPIC_HISTORIES = (
    Check(
        "two results are one turn",
        to_anthropic(
            user("Hi"),
            assistant(None, weather("call_1"), weather("call_2")),
            result("call_1", "sunny"),
            result("call_2", "rainy"),
            user("So?"),
        ),
        (acceptable, has("sunny", "rainy", "So?"), says(TEXT)),
    ),
    Check(
        "a call without its result",
        to_anthropic(
            user("Hi"),
            assistant(None, weather("call_1"), weather("call_2")),
            result("call_1", "sunny"),
            user("So?"),
        ),
        FINE,
    ),
    Check(
        "a result without its call",
        to_anthropic(user("Hi"), result("call_9", "sunny"), user("So?")),
        (or_refused(acceptable, has("sunny")),),
    ),
    Check(
        "a system message between call and result",
        to_anthropic(
            user("Hi"),
            assistant(None, weather("call_1")),
            {"role": "system", "content": "Be brief."},
            result("call_1", "sunny"),
            user("So?"),
        ),
        (or_refused(acceptable, has("Be brief."), has("sunny")),),
    ),
    Check(
        "a system message in the middle",
        to_anthropic(
            user("Hi"),
            assistant("Hello"),
            {"role": "system", "content": "Be brief."},
            user("So?"),
        ),
        (acceptable, has("Be brief."), has("Hello", "So?")),
    ),
    Check(
        "ids with odd characters",
        to_anthropic(
            user("Hi"),
            assistant(None, weather("functions.get_weather:0")),
            result("functions.get_weather:0", "sunny"),
        ),
        (acceptable, has("sunny")),
    ),
    Check(
        "odd ids that nearly collide",
        to_anthropic(
            user("Hi"),
            assistant(None, weather("call:1"), weather("call.1")),
            result("call:1", "sunny"),
            result("call.1", "rainy"),
        ),
        (or_refused(acceptable, one_answer_each),),
    ),
    Check(
        "the same id in two turns",
        to_anthropic(
            user("Hi"),
            assistant(None, weather("call_1")),
            result("call_1", "sunny"),
            user("And now?"),
            assistant(None, weather("call_1")),
            result("call_1", "rainy"),
        ),
        (or_refused(acceptable, has("sunny", "rainy")),),
    ),
    Check(
        "empty arguments",
        to_anthropic(
            user("Hi"),
            assistant(None, tool_call("call_1", "now", "")),
            result("call_1", "noon"),
        ),
        (acceptable, has("noon")),
    ),
    Check(
        "arguments that were cut",
        to_anthropic(
            user("Hi"),
            assistant(None, weather("call_1", '{"city": "Par')),
            result("call_1", "invalid"),
            user("Again"),
        ),
        FINE,
    ),
    Check(
        "arguments that are a list",
        to_anthropic(
            user("Hi"),
            assistant(None, weather("call_1", "[1]")),
            result("call_1", "invalid"),
            user("Again"),
        ),
        FINE,
    ),
    Check(
        "empty text",
        to_anthropic(
            user("Hi"),
            assistant("", weather("call_1")),
            result("call_1", "sunny"),
            assistant(""),
            user("So?"),
        ),
        (acceptable, has("sunny", "So?")),
    ),
    Check(
        "calls in the history, but no tools",
        to_anthropic(
            user("Hi"),
            assistant(None, weather("call_1")),
            result("call_1", "sunny"),
            user("So?"),
            tools=None,
        ),
        FINE,
    ),
    Check("an empty result", to_anthropic(user("Hi"), assistant(None, weather("call_1")), result("call_1", "")), FINE),
)
