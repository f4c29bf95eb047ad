"""An Anthropic client's conversation, as agents send it, on its way to OpenAI: accepted there, and nothing is lost."""

import base64
from typing import Any

from benchmarks.faults.check import Ask, Check
from benchmarks.faults.checks.tools import ANTHROPIC_TOOLS, LONG, anthropic_tool
from benchmarks.faults.must import says
from benchmarks.faults.received import acceptable, has, or_refused, sent
from benchmarks.faults.scripts import Json
from tests.vendor_answers import TEXT

PNG = base64.b64encode(bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489")).decode()
PDF = base64.b64encode(b"%PDF-1.4 a small document %%EOF").decode()
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
DOCUMENT = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}
FINE = (or_refused(acceptable, says(TEXT)),)


def user(content: Any) -> Json:
    return {"role": "user", "content": content}


def use(call_id: str, name: str = "get_weather") -> Json:
    return {"type": "tool_use", "id": call_id, "name": name, "input": {"city": "Paris"}}


def found(call_id: str, content: Any = "sunny") -> Json:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def to_openai(*messages: Json, tools: Any = ANTHROPIC_TOOLS, **rest: Any) -> Ask:
    return Ask("anthropic", "openai", body={"messages": list(messages), "tools": tools, **rest})


def no_thinking(body: Json) -> bool:
    return all("Two and two" not in str(turn.get("content")) for turn in body["messages"])


OPENAI_HISTORIES = (
    Check(
        "results and text in one turn",
        to_openai(
            user("Hi"),
            {"role": "assistant", "content": [text("Look."), use("toolu_1"), use("toolu_2")]},
            user([found("toolu_1", "sunny"), found("toolu_2", [text("rainy")]), text("So?")]),
        ),
        (acceptable, has("sunny", "rainy", "So?"), says(TEXT)),
    ),
    Check(
        "a call without its result",
        to_openai(
            user("Hi"),
            {"role": "assistant", "content": [use("toolu_1"), use("toolu_2")]},
            user([found("toolu_1"), text("So?")]),
        ),
        FINE,
    ),
    Check(
        "a result without its call",
        to_openai(user([found("toolu_9", "sunny"), text("So?")])),
        (or_refused(acceptable, has("sunny")),),
    ),
    Check(
        "an image in a result",
        to_openai(
            user("Hi"),
            {"role": "assistant", "content": [use("toolu_1")]},
            user([found("toolu_1", [text("a map"), IMAGE])]),
        ),
        (or_refused(acceptable, has("a map"), has(PNG)),),
    ),
    Check(
        "images in the results of two calls",
        to_openai(
            user("Hi"),
            {"role": "assistant", "content": [use("toolu_1"), use("toolu_2")]},
            user([found("toolu_1", [text("a map"), IMAGE]), found("toolu_2", [text("a plan"), IMAGE])]),
        ),
        (or_refused(acceptable, has("a map", "a plan"), has(PNG)),),
    ),
    Check(
        "a failed call",
        to_openai(
            user("Hi"),
            {"role": "assistant", "content": [use("toolu_1")]},
            user([{**found("toolu_1", "no such city"), "is_error": True}]),
        ),
        (acceptable, has("no such city")),
    ),
    Check(
        "thinking in the history is not text",
        to_openai(
            user("Hi"),
            {
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": "Two and two", "signature": "c2ln"}, text("Four.")],
            },
            user("So?"),
        ),
        (acceptable, sent(no_thinking, "no thinking in a message's content"), has("Four.", "So?")),
    ),
    Check(
        "a tool name over 64 characters",
        to_openai(
            user("Hi"),
            {"role": "assistant", "content": [use("toolu_1", LONG)]},
            user([found("toolu_1", "sunny")]),
            tools=[anthropic_tool(LONG)],
        ),
        (acceptable, has("sunny")),
    ),
    Check(
        "system blocks",
        to_openai(user("Hi"), system=[text("Be brief."), text("Be kind.")]),
        (acceptable, has("Be brief.", "Be kind.", "Hi")),
    ),
    Check("a document", to_openai(user([DOCUMENT, text("What is it?")])), (or_refused(has(PDF)),)),
)
