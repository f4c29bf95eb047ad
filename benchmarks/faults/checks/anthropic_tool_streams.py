"""An Anthropic client streams tool calls from an OpenAI upstream: each is a block of its own, and whole."""

from benchmarks.faults.check import Ask, Check
from benchmarks.faults.checks.anthropic_streams import OFFERED, PARIS, TO_PARIS, both
from benchmarks.faults.checks.tools import LONG, anthropic_tool
from benchmarks.faults.must import calls, ends, says
from benchmarks.faults.scripts import Json, call, deltas, more, said
from tests.answers import Answer, Received
from tests.answers import events as stream

ROME = {"city": "Rome"}
TO_ROME = call(1, "call_2", "get_weather", '{"city": "Rome"}')
FAMILY = {"city": "👩‍👩‍👧 Żółć"}


def without_index(call_id: str, arguments: str) -> Json:
    return {
        "tool_calls": [{"id": call_id, "type": "function", "function": {"name": "get_weather", "arguments": arguments}}]
    }


def calls_what_it_was_offered(received: Received) -> Answer:
    name = received.json()["tools"][0]["function"]["name"]
    return said(call(0, "call_1", name, '{"city": "Paris"}'), finish="tool_calls")


def calls_all_it_was_offered(received: Received) -> Answer:
    names = [tool["function"]["name"] for tool in received.json()["tools"]]
    made = [call(at, f"call_{at}", name, '{"city": "Paris"}') for at, name in enumerate(names)]
    return said(*made, finish="tool_calls")


def cut(whole: bytes) -> Answer:
    return stream(*(whole[at : at + 3] for at in range(0, len(whole), 3)))


TWO_CALLS = both(calls(("get_weather", PARIS), ("get_weather", ROME)), ends("tool_use"))
ONE_CALL = both(calls(("get_weather", PARIS)), ends("tool_use"))

ANTHROPIC_TOOL_STREAMS = (
    Check(
        "a tool after text",
        OFFERED,
        both(says("Let me see."), calls(("get_weather", PARIS)), ends("tool_use")),
        (said({"content": "Let me see."}, TO_PARIS, finish="tool_calls"),),
    ),
    Check("parallel tools", OFFERED, TWO_CALLS, (said(TO_PARIS, TO_ROME, finish="tool_calls"),)),
    Check(
        "two calls in one chunk",
        OFFERED,
        TWO_CALLS,
        (said({"tool_calls": TO_PARIS["tool_calls"] + TO_ROME["tool_calls"]}, finish="tool_calls"),),
    ),
    Check(
        "interleaved tools",
        OFFERED,
        TWO_CALLS,
        (
            said(
                call(0, "call_1", "get_weather"),
                call(1, "call_2", "get_weather"),
                more(0, '{"city": '),
                more(1, '{"city": '),
                more(0, '"Paris"}'),
                more(1, '"Rome"}'),
                finish="tool_calls",
            ),
        ),
    ),
    Check(
        "a tool without arguments",
        OFFERED,
        both(calls(("now", {})), ends("tool_use")),
        (said(call(0, "call_1", "now", ""), finish="tool_calls"),),
    ),
    Check(
        "a tool whose arguments are missing",
        OFFERED,
        both(calls(("now", {})), ends("tool_use")),
        (said(call(0, "call_1", "now", None), finish="tool_calls"),),
    ),
    Check(
        "text after a tool",
        OFFERED,
        both(says("Done."), calls(("get_weather", PARIS))),
        (said(TO_PARIS, {"content": "Done."}, finish="tool_calls"),),
    ),
    Check(
        "calls that all have index 0",
        OFFERED,
        TWO_CALLS,
        (said(TO_PARIS, call(0, "call_2", "get_weather", '{"city": "Rome"}'), finish="tool_calls"),),
    ),
    Check(
        "a call without index",
        OFFERED,
        ONE_CALL,
        (said(without_index("call_1", '{"city": "Paris"}'), finish="tool_calls"),),
    ),
    Check(
        "id and name on every fragment",
        OFFERED,
        ONE_CALL,
        (
            said(
                call(0, "call_1", "get_weather", '{"city": '),
                call(0, "call_1", "get_weather", '"Paris"}'),
                finish="tool_calls",
            ),
        ),
    ),
    Check("a call that ends with stop is tool_use", OFFERED, ONE_CALL, (said(TO_PARIS, finish="stop"),)),
    Check(
        "tool_calls without a call is end_turn",
        OFFERED,
        both(says("Hi"), calls(), ends("end_turn")),
        (said({"content": "Hi"}, finish="tool_calls"),),
    ),
    Check(
        "a tool name over 64 characters comes back whole",
        Ask("anthropic", "openai", stream=True, body={"tools": [anthropic_tool(LONG)]}),
        both(calls((LONG, PARIS))),
        (calls_what_it_was_offered,),
    ),
    Check(
        "two long tool names that begin alike",
        Ask("anthropic", "openai", stream=True, body={"tools": [anthropic_tool(LONG), anthropic_tool(f"{LONG}2")]}),
        both(calls((LONG, PARIS), (f"{LONG}2", PARIS))),
        (calls_all_it_was_offered,),
    ),
    Check(
        "arguments cut anywhere",
        OFFERED,
        both(calls(("get_weather", FAMILY))),
        (
            cut(
                b"".join(
                    deltas(
                        call(0, "call_1", "get_weather"),
                        more(0, '{"city": "👩‍👩‍👧'),
                        more(0, ' Żółć"}'),
                        finish="tool_calls",
                    )
                )
            ),
        ),
    ),
)
