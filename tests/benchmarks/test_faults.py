"""The fault checks judge rightly: what a vendor sends passes, and what breaks its protocol is named."""

import json
from collections import Counter

import pytest

from benchmarks.faults.check import Ask, Must, Outcome, Reply
from benchmarks.faults.checks import GROUPS, LOCAL
from benchmarks.faults.grammar import anthropic_events, openai_chunks
from benchmarks.faults.must import calls, ends, not_complete, refused, says, well_formed
from benchmarks.faults.received import accept_anthropic, accept_openai
from benchmarks.faults.scripts import ROLE, Json, begin, chunk, deltas, end, text, tool
from tests.vendor_answers import TEXT, anthropic_message_events, openai_chat_events

ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream_options": {"include_usage": True}}
STREAM = (("content-type", "text/event-stream"),)
JSON = (("content-type", "application/json"),)
USE = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "now", "input": {}}]}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "noon"}]}
CALL = {
    "role": "assistant",
    "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}],
}
HI = {"role": "user", "content": "Hi"}


def streamed(client: str, *parts: bytes) -> Outcome:
    reply = Reply(200, STREAM, b"".join(parts))
    return Outcome(Ask("anthropic" if client == "anthropic" else "openai", "openai", stream=True), "m", reply)


def test_no_two_checks_of_a_group_are_called_alike() -> None:
    names = Counter((group, check.name) for group, checks in GROUPS.items() for check in checks)
    assert names.most_common(1)[0][1] == 1
    assert len(names) > 250
    assert len(LOCAL) > 40


@pytest.mark.parametrize("must", [well_formed, says(TEXT), calls(), ends("stop")])
def test_what_openai_sends_passes(must: Must) -> None:
    must(streamed("openai", *openai_chat_events(ASKED)))


@pytest.mark.parametrize("must", [well_formed, says(TEXT), calls(), ends("end_turn")])
def test_what_anthropic_sends_passes(must: Must) -> None:
    must(streamed("anthropic", *anthropic_message_events(ASKED)))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((ROLE, chunk({"content": "Hi"}, finish="stop")), "does not end with"),
        (deltas({"content": "Hi"}, finish="eos"), "not one of OpenAI's"),
        (deltas({"tool_calls": [{"index": 1, "id": "c", "function": {"name": "f"}}]}), "are numbered"),
        ((*deltas()[:-1], chunk({"content": "late"}), b"data: [DONE]\n\n"), "content after"),
    ],
)
def test_a_stream_that_breaks_openais_grammar_is_told(parts: tuple[bytes, ...], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        openai_chunks(b"".join(parts))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((text(0, "Hi"), end()), "begins with"),
        ((begin(), begin(), end()), "twice"),
        ((begin(), text(1, "Hi"), end()), "with index 1, not 0"),
        ((begin(), text(0, "Hi")), "ends with"),
        ((begin(), text(0, "Hi").replace(b"text_delta", b"thinking_delta"), end()), "in a text block"),
        ((begin(), tool(0, "toolu_1", "now").replace(b"content_block_stop", b"ping"), end()), "never ends"),
    ],
)
def test_a_stream_that_breaks_anthropics_grammar_is_told(parts: tuple[bytes, ...], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        anthropic_events(b"".join(parts))


def test_a_cut_stream_may_not_end_as_a_whole_one_does() -> None:
    not_complete(streamed("openai", ROLE, chunk({"content": "Hi"})))
    with pytest.raises(AssertionError, match="DONE"):
        not_complete(streamed("openai", ROLE, b"data: [DONE]\n\n"))
    with pytest.raises(AssertionError, match="message_stop"):
        not_complete(streamed("anthropic", begin(), end()))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"detail": "Not Found"}, "no error object"),
        ({"error": {"message": "odd", "type": "invalid_request_error"}}, "type is not error"),
        ({"type": "error", "error": {"message": "odd", "type": "rate_limit_error"}}, "with status 404"),
    ],
)
def test_an_error_in_a_foreign_shape_is_told(body: Json, words: str) -> None:
    outcome = Outcome(Ask("anthropic", "openai"), "m", Reply(404, JSON, json.dumps(body).encode()))
    with pytest.raises(AssertionError, match=words):
        refused(404)(outcome)


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([HI, USE, HI], "results for"),
        ([RESULT], "results for"),
        ([HI, {"role": "assistant", "content": ""}, HI], "non-empty"),
        ([{"role": "system", "content": "Be brief."}, HI], "role 'system'"),
    ],
)
def test_what_anthropic_would_refuse_is_told(messages: list[Json], words: str) -> None:
    tools = [{"name": "now", "input_schema": {"type": "object"}}]
    accept_anthropic({"max_tokens": 9, "messages": [HI, USE, RESULT], "tools": tools})
    with pytest.raises(AssertionError, match=words):
        accept_anthropic({"max_tokens": 9, "messages": messages, "tools": tools})


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([HI, CALL, HI], "calls without results"),
        ([HI, {"role": "tool", "tool_call_id": "call_1", "content": "noon"}], "without its call"),
        ([{"role": "user", "content": [{"type": "tool_result"}]}], "in a message of the role user"),
    ],
)
def test_what_openai_would_refuse_is_told(messages: list[Json], words: str) -> None:
    accept_openai({"messages": [HI, CALL, {"role": "tool", "tool_call_id": "call_1", "content": "noon"}]})
    with pytest.raises(AssertionError, match=words):
        accept_openai({"messages": messages})
