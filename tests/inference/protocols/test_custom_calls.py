"""Calls of custom tools and by their older name, as OpenAI clients get them."""

import json
from typing import Any

import msgspec
import pytest

from inference import ir, sse
from inference.protocols import openai_chat
from inference.protocols.codec import Answering
from inference.protocols.folding import fold
from tests.inference.protocols.test_sdks import USER, WHOLE, openai_client, openai_stream

CUSTOM = Answering(
    request_id="req_1", model="asked", created=1790000000, include_usage=True, custom_tools=frozenset({"run"})
)
LEGACY = Answering(request_id="req_1", model="asked", created=1790000000, include_usage=True, legacy_functions=True)
CALLS: list[ir.Event] = [
    ir.Started(),
    ir.TextDelta("Look."),
    ir.ToolStarted("t1", "run"),
    ir.ToolDelta('{"inp'),
    ir.ToolDelta('ut":"ls \\u00e9\\n'),
    ir.ToolDelta('\\"x\\""}'),
    ir.ToolStarted("t2", "get_weather"),
    ir.ToolDelta('{"city":"Paris"}'),
    ir.ToolStarted("t3", "run"),
    ir.Finished("tool_use"),
]
INPUT = 'ls é\n"x"'


def deltas(events: list[ir.Event], answering: Answering) -> list[dict[str, Any]]:
    stream = openai_chat.stream_renderer(answering).render(events)
    chunks = [json.loads(data) for data in sse.parse(stream) if data != "[DONE]"]
    return [chunk["choices"][0] for chunk in chunks if chunk["choices"]]


def message(events: list[ir.Event], answering: Answering) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(openai_chat.render_completion(fold(events), answering))["choices"][0]
    return found


def test_a_custom_tools_input_is_plain_text() -> None:
    assert message(CALLS, CUSTOM)["message"]["tool_calls"] == [
        {"id": "t1", "type": "custom", "custom": {"name": "run", "input": INPUT}},
        {"id": "t2", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}},
        {"id": "t3", "type": "custom", "custom": {"name": "run", "input": ""}},
    ]


def test_a_custom_tools_input_is_streamed_as_plain_text() -> None:
    calls = [call for choice in deltas(CALLS, CUSTOM) for call in choice["delta"].get("tool_calls", [])]
    assert calls == [
        {"index": 0, "id": "t1", "type": "custom", "custom": {"name": "run", "input": ""}},
        {"index": 0, "custom": {"input": INPUT}},
        {"index": 1, "id": "t2", "type": "function", "function": {"name": "get_weather", "arguments": ""}},
        {"index": 1, "function": {"arguments": '{"city":"Paris"}'}},
        {"index": 2, "id": "t3", "type": "custom", "custom": {"name": "run", "input": ""}},
        {"index": 2, "custom": {"input": ""}},
    ]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ('{"input":"ls"}', "ls"),
        ('{"command":"ls"}', '{"command":"ls"}'),
        ('{"input":7}', '{"input":7}'),
        ('{"input":"l', '{"input":"l'),
        ("", ""),
        ("{}", ""),
    ],
)
def test_what_a_custom_tool_was_not_meant_to_get_is_quoted(given: str, shown: str) -> None:
    events: list[ir.Event] = [ir.ToolStarted("t", "run"), ir.ToolDelta(given), ir.Finished("tool_use")]
    calls = [call for choice in deltas(events, CUSTOM) for call in choice["delta"].get("tool_calls", [])]
    assert calls[-1]["custom"]["input"] == shown
    assert message(events, CUSTOM)["message"]["tool_calls"][0]["custom"]["input"] == shown


def test_text_behind_a_custom_call_comes_behind_its_input() -> None:
    events: list[ir.Event] = [
        ir.ToolStarted("t", "run"),
        ir.ToolDelta('{"input":"ls"}'),
        ir.TextDelta("Done."),
        ir.Finished("tool_use"),
    ]
    kinds = [next(iter(choice["delta"]), "") for choice in deltas(events, CUSTOM)]
    assert kinds == ["role", "tool_calls", "tool_calls", "content", ""]


def test_openais_client_assembles_custom_calls() -> None:
    answer = openai_stream(openai_chat.stream_renderer(CUSTOM).render(CALLS))
    calls = [call.to_dict() for call in answer.choices[0].message.tool_calls]
    assert [call["id"] for call in calls] == ["t1", "t2", "t3"]
    assert calls[0]["custom"] == {"name": "run", "input": INPUT}


def test_openais_client_reads_custom_calls() -> None:
    with openai_client(openai_chat.render_completion(fold(CALLS), CUSTOM), WHOLE) as client:
        calls: Any = client.chat.completions.create(model="m", messages=USER).choices[0].message.tool_calls
    assert (calls[0].type, calls[0].custom.input) == ("custom", INPUT)


def test_a_client_of_the_older_form_gets_its_call() -> None:
    choice = message(CALLS[:1] + CALLS[6:8] + CALLS[9:], LEGACY)
    assert choice["finish_reason"] == "function_call"
    assert choice["message"]["function_call"] == {"name": "get_weather", "arguments": '{"city":"Paris"}'}
    assert choice["message"]["content"] is None
    assert "tool_calls" not in choice["message"]


def test_a_client_of_the_older_form_gets_one_call_alone() -> None:
    choices = deltas(CALLS, LEGACY)
    told = [choice["delta"]["function_call"] for choice in choices if "function_call" in choice["delta"]]
    assert told[0] == {"name": "run", "arguments": ""}
    assert json.loads("".join(call["arguments"] for call in told)) == {"input": INPUT}
    assert [call.get("name") for call in told].count("get_weather") == 0
    assert choices[-1]["finish_reason"] == "function_call"
    assert message(CALLS, LEGACY)["message"]["function_call"]["name"] == "run"


def test_openais_client_assembles_a_call_of_the_older_form() -> None:
    answer = openai_stream(openai_chat.stream_renderer(LEGACY).render(CALLS))
    call = answer.choices[0].message.function_call
    assert (call.name, json.loads(call.arguments)) == ("run", {"input": INPUT})


def test_a_client_of_the_older_form_without_a_call_gets_text() -> None:
    events: list[ir.Event] = [ir.TextDelta("a"), ir.Finished("end_turn")]
    assert deltas(events, LEGACY)[-1]["finish_reason"] == "stop"
    assert msgspec.json.decode(openai_chat.render_completion(fold(events), LEGACY))["choices"][0]["message"] == {
        "role": "assistant",
        "content": "a",
        "refusal": None,
    }
