"""Our own streams in the vendors' shapes, on their way to clients of both: cut anywhere, broken off, and failing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, pairwise

import anthropic
import openai
import pytest

from inference.errors import Kind
from tests.inference import recordings
from tests.inference.cuts import borders, in_bytes, in_two
from tests.inference.exchanges import ANTHROPIC, CONTENTS, ERRORS, HEADS, OPENAI, ask
from tests.inference.grammar import check, is_complete
from tests.inference.pairings import CLIENTS, Relayed, Stream, backend_of, begin, relay
from tests.inference.reading import Said, assembled, said
from tests.inference.sdk_reading import assembled_by_sdk
from tests.inference.vendor_types import check_answer, check_event
from tests.upstreams import Upstream

EVERY_CLIENT = pytest.mark.parametrize("client", CLIENTS)
EVERY_STREAM = pytest.mark.parametrize("name", recordings.NAMES)
TRANSLATED = pytest.mark.parametrize(
    ("name", "client"),
    [(name, OPENAI if name in recordings.ANTHROPIC else ANTHROPIC) for name in recordings.NAMES],
)


@pytest.fixture(scope="module")
def server() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


def protocol_of(name: str) -> str:
    return ANTHROPIC if "anthropic" in name else OPENAI


def started(name: str, client: str) -> Stream:
    usage = {"stream_options": {"include_usage": True}} if client == OPENAI else {}
    return begin(ask(client, stream=True, **usage), backend_of(protocol_of(name))).stream(True)


def relayed(name: str, client: str, *parts: bytes) -> Relayed:
    return relay(started(name, client), *parts)


def meant(name: str) -> Said:
    """What the stream says. White space between a call and words belongs to neither."""
    return stripped(said(protocol_of(name), assembled(protocol_of(name), recordings.read(name))))


def stripped(answer: Said) -> Said:
    # Some servers say that they stopped where they have made a call, and that they stopped where they refused.
    ended = "calls" if answer.calls and answer.ended == "end" else answer.ended
    return replace(answer, text=answer.text.strip(), ended=ended)


@EVERY_CLIENT
@EVERY_STREAM
def test_a_stream_may_be_cut_anywhere_and_no_event_waits_for_the_next(name: str, client: str) -> None:
    data = recordings.read(name)
    ends = [0, *borders(data)]
    by_event = started(name, client)
    parts = [by_event.feed(data[start:end]) for start, end in pairwise([0, *ends])]
    told = dict(zip(ends, accumulate(parts), strict=True))
    whole = told[ends[-1]] + by_event.end()
    for first, second in in_two(data):
        stream = started(name, client)
        soon = stream.feed(first)
        assert soon == told[max(end for end in ends if end <= len(first))]
        assert soon + stream.feed(second) + stream.end() == whole
    assert relayed(name, client, data) == relayed(name, client, *in_bytes(data)) == Relayed(whole)


@TRANSLATED
def test_a_stream_with_other_line_ends_may_be_cut_anywhere(name: str, client: str) -> None:
    data = recordings.read(name).replace(b"\n", b"\r\n")
    whole = relayed(name, client, data)
    assert whole.error is None
    for parts in in_two(data):
        assert relayed(name, client, *parts) == whole
    assert relayed(name, client, *in_bytes(data)) == whole


@EVERY_CLIENT
@EVERY_STREAM
def test_a_stream_that_breaks_off_never_looks_complete(name: str, client: str) -> None:
    stream = recordings.read(name)
    for place in [0, *borders(stream)]:
        result = relayed(name, client, stream[:place])
        if is_complete(protocol_of(name), stream[:place]):
            assert result.error is None
        else:
            assert result.error is Kind.UPSTREAM_STREAM_TRUNCATED
            assert not is_complete(client, result.content)
            assert result.content != result.sent


@TRANSLATED
def test_a_stream_keeps_the_clients_grammar_and_the_vendors_words(name: str, client: str) -> None:
    stream = relayed(name, client, recordings.read(name)).sent
    for event in check(client, stream):
        check_event(client, event)
    found, expected = stripped(said(client, assembled(client, stream))), meant(name)
    if "refusal" in name:
        assert found.ended == "refused"
        found = replace(found, ended=expected.ended)
    assert found == expected


@TRANSLATED
def test_a_stream_folds_into_the_whole_answer(name: str, client: str) -> None:
    exchange = begin(ask(client), backend_of(protocol_of(name)))
    answer = json.loads(exchange.plain(recordings.read(name), is_stream=True))
    check_answer(client, answer)
    whole = said(client, answer)
    streamed = said(client, assembled(client, relayed(name, client, recordings.read(name)).sent))
    # Half a call is not in a whole answer; a stream has sent it before anyone could know.
    assert stripped(whole) == stripped(replace(streamed, calls=() if "cut" in name else streamed.calls))


@TRANSLATED
def test_the_clients_sdk_assembles_the_vendors_words(name: str, client: str, server: Upstream) -> None:
    stream = relayed(name, client, recordings.read(name)).sent
    found, expected = said(client, assembled_by_sdk(client, server, stream)), said(client, assembled(client, stream))
    # Half a call is completed by Anthropic's.
    assert found == (replace(expected, calls=found.calls) if "cut" in name else expected)


@pytest.mark.parametrize(("client", "protocol"), [(OPENAI, ANTHROPIC), (ANTHROPIC, OPENAI)])
def test_what_was_said_just_before_an_error_is_not_lost_with_it(client: str, protocol: str) -> None:
    stream = begin(ask(client, stream=True), backend_of(protocol)).stream(True)
    began = stream.feed(HEADS[protocol] + CONTENTS[protocol])
    result = relay(stream, CONTENTS[protocol].replace(b"H", b"J") + ERRORS[protocol])
    assert b"H" in began
    assert b"J" in result.content


@EVERY_CLIENT
@pytest.mark.parametrize("name", recordings.ERRORS)
def test_an_error_in_a_stream_is_one_for_the_client(name: str, client: str, server: Upstream) -> None:
    events = recordings.read(name).split(b"\n\n")
    result = relayed(name, client, *[event + b"\n\n" for event in events if event])
    assert not is_complete(client, result.content)
    assert b"busy" in result.sent
    assert (b"Hi" in result.sent) == ("mid" in name)
    # Nothing was sent before the first error: another target could still have answered.
    assert result.error is Kind.UPSTREAM_OVERLOADED or ("mid" in name and client == protocol_of(name))
    with pytest.raises((openai.APIError, anthropic.APIStatusError), match="busy"):
        assembled_by_sdk(client, server, result.sent)
