"""An answer that breaks off, or breaks down: the client must not take it for a whole one."""

from benchmarks.faults.check import Ask, Check, Protocol
from benchmarks.faults.checks.bytes import PAIRS
from benchmarks.faults.checks.tools import ANTHROPIC_TOOLS, OPENAI_TOOLS
from benchmarks.faults.must import not_complete, raises
from benchmarks.faults.scripts import ROLE, begin, call, chunk, data, event, said, spoken, text
from tests.answers import Answer, Headers, plain
from tests.answers import events as stream

OPENAI_ERROR = data({"error": {"message": "boom", "type": "server_error", "param": None, "code": None}})
ANTHROPIC_ERROR = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
OPENED = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
HALF = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Half an"})
TOOL = event(
    "content_block_start", index=0, content_block={"type": "tool_use", "id": "toolu_1", "name": "now", "input": {}}
)
ARGUMENTS = event("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": '{"a": '})
JSON: Headers = (("content-type", "application/json"), ("content-length", "400"))


def half(to: Protocol) -> tuple[bytes, ...]:
    return (ROLE, chunk({"content": "Half an"})) if to == "openai" else (begin(), OPENED, HALF)


def half_a_call(to: Protocol) -> Answer:
    return said(call(0, "call_1", "now", '{"a": '), finish=None) if to == "openai" else stream(begin(), TOOL, ARGUMENTS)


def with_tools(client: Protocol, to: Protocol) -> Ask:
    return Ask(client, to, stream=True, body={"tools": OPENAI_TOOLS if client == "openai" else ANTHROPIC_TOOLS})


def of_pairs() -> tuple[Check, ...]:
    checks: list[Check] = []
    for client, to in PAIRS:
        ask, way = Ask(client, to, stream=True), f"{to} to {client}"
        error = OPENAI_ERROR if to == "openai" else ANTHROPIC_ERROR
        checks += [
            Check(f"a stream that ends too soon, {way}", ask, (not_complete,), (stream(*half(to)),)),
            Check(f"a connection that breaks, {way}", ask, (not_complete,), (stream(*half(to), ending="reset"),)),
            Check(
                f"a stream that ends within a call, {way}", with_tools(client, to), (not_complete,), (half_a_call(to),)
            ),
            Check(f"an error in the stream, {way}", ask, (not_complete, raises), (stream(*half(to), error),)),
        ]
    return tuple(checks)


def short(to: Protocol) -> Answer:
    """A plain answer that breaks off before its length."""
    whole = (
        b'{"id": "x", "choices": [{"message": {"content": "Half' if to == "openai" else b'{"content": [{"text": "Half'
    )
    return Answer(headers=JSON, chunks=(whole,), ending="close")


CUT = (
    *of_pairs(),
    Check(
        "a block that is never closed",
        Ask("openai", "anthropic", stream=True),
        (not_complete,),
        (spoken(text(0, "Half an"), stop=None),),
    ),
    *(
        Check(f"a plain answer that breaks off, {to} to {client}", Ask(client, to), (raises,), (short(to),))
        for client, to in PAIRS
    ),
    Check(
        "an error object in a plain 200",
        Ask("anthropic", "openai"),
        (raises,),
        (plain({"error": {"message": "boom", "type": "server_error", "code": None}}),),
    ),
)
