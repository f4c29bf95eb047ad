"""Recorded answers, on their way to clients of both protocols, whole and streamed."""

import json
from typing import Any

import pytest

from inference.protocols.refusals import parse_error
from inference.translate import CLIENT_CODECS
from tests.conformance.recorded import Recorded, recordings
from tests.inference.exchanges import ANTHROPIC, OPENAI, Asked, ask
from tests.inference.grammar import check
from tests.inference.pairings import CLIENTS, backend_of, begin, relay
from tests.inference.reading import assembled, said
from tests.inference.vendor_types import check_answer, check_event

RECORDINGS = recordings()
ANSWERS = [recorded for recorded in RECORDINGS if recorded.status == 200]
STREAMS = [recorded for recorded in ANSWERS if recorded.is_stream]
REFUSALS = [recorded for recorded in RECORDINGS if recorded.status != 200]
EVERY_CLIENT = pytest.mark.parametrize("client", CLIENTS)


def asking(client: str, *, stream: bool = False) -> Asked:
    """A request of this client's that may be answered with anything: it wants thinking and usage shown."""
    usage = {"stream_options": {"include_usage": True}} if stream and client == OPENAI else {}
    return ask(client, stream=stream, **usage)


def source_of(recorded: Recorded) -> dict[str, Any]:
    """The vendor's answer, whole."""
    if recorded.is_stream:
        return assembled(recorded.protocol, recorded.answer)
    found: dict[str, Any] = json.loads(recorded.answer)
    return found


def plain(recorded: Recorded, client: str) -> bytes:
    exchange = begin(asking(client), backend_of(recorded.protocol))
    return exchange.plain(recorded.answer, is_stream=recorded.is_stream)


def streamed(recorded: Recorded, client: str) -> bytes:
    exchange = begin(asking(client, stream=True), backend_of(recorded.protocol))
    result = relay(exchange.stream(recorded.is_stream), recorded.answer)
    assert result.error is None
    return result.sent


@pytest.mark.parametrize("recorded", ANSWERS, ids=str)
def test_a_client_of_the_vendors_protocol_gets_every_byte(recorded: Recorded) -> None:
    take = streamed if recorded.is_stream else plain
    assert take(recorded, recorded.protocol) == recorded.answer


@EVERY_CLIENT
@pytest.mark.parametrize("recorded", ANSWERS, ids=str)
def test_a_whole_answer_says_what_the_vendor_said(recorded: Recorded, client: str) -> None:
    answer = json.loads(plain(recorded, client))
    if client != recorded.protocol or recorded.is_stream:
        check_answer(client, answer)
    assert said(client, answer) == said(recorded.protocol, source_of(recorded))


@EVERY_CLIENT
@pytest.mark.parametrize("recorded", ANSWERS, ids=str)
def test_a_stream_says_what_the_vendor_said(recorded: Recorded, client: str) -> None:
    stream = streamed(recorded, client)
    assert said(client, assembled(client, stream)) == said(recorded.protocol, source_of(recorded))
    if client != recorded.protocol or not recorded.is_stream:
        for event in check(client, stream):
            check_event(client, event)


@pytest.mark.parametrize("recorded", STREAMS, ids=str)
def test_a_stream_translated_is_the_whole_answer_translated(recorded: Recorded) -> None:
    client = OPENAI if recorded.protocol == ANTHROPIC else ANTHROPIC
    whole = json.dumps(source_of(recorded)).encode()
    exchange = begin(asking(client), backend_of(recorded.protocol))
    expected = json.loads(exchange.plain(whole, is_stream=False))
    assert told(assembled(client, streamed(recorded, client))) == told(expected)


def told(value: Any) -> Any:
    """Without what says nothing: null and the empty content that a stream begins with, and indices."""
    if isinstance(value, dict):
        return {name: told(inner) for name, inner in value.items() if inner not in (None, "") and name != "index"}
    return [told(inner) for inner in value] if isinstance(value, list) else value


@EVERY_CLIENT
@pytest.mark.parametrize("recorded", REFUSALS, ids=str)
def test_a_refusal_keeps_its_words_and_is_shaped_for_the_client(recorded: Recorded, client: str) -> None:
    error = parse_error(recorded.status, recorded.answer)
    shown = CLIENT_CODECS[client].render_error(error, "req_1")
    body = json.loads(shown.body)
    assert shown.status == recorded.status
    assert json.loads(recorded.answer)["error"]["message"] in body["error"]["message"]
    assert ("param" in body["error"]) == (client == OPENAI)
