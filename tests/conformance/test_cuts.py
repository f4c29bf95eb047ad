"""Recorded streams, cut anywhere and broken off at every event."""

import pytest

from inference.errors import Kind
from tests.conformance.recorded import Recorded
from tests.conformance.test_answers import EVERY_CLIENT, STREAMS, asking
from tests.inference.cuts import borders, in_bytes, in_two
from tests.inference.grammar import is_complete
from tests.inference.pairings import Relayed, backend_of, begin, relay

LINE_ENDS = pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["lf", "crlf"])


def relayed(recorded: Recorded, client: str, *parts: bytes) -> Relayed:
    return relay(begin(asking(client, stream=True), backend_of(recorded.protocol)).stream(True), *parts)


@EVERY_CLIENT
@LINE_ENDS
@pytest.mark.parametrize("recorded", STREAMS, ids=str)
def test_a_stream_may_be_cut_anywhere(recorded: Recorded, client: str, ends: bytes) -> None:
    stream = recorded.answer.replace(b"\n", ends)
    whole = relayed(recorded, client, stream)
    assert whole.error is None
    for parts in in_two(stream):
        assert relayed(recorded, client, *parts) == whole
    assert relayed(recorded, client, *in_bytes(stream)) == whole


@EVERY_CLIENT
@pytest.mark.parametrize("recorded", STREAMS, ids=str)
def test_a_stream_that_breaks_off_never_looks_complete(recorded: Recorded, client: str) -> None:
    complete = relayed(recorded, client, recorded.answer).sent
    broken = 0
    for place in [0, *borders(recorded.answer)]:
        result = relayed(recorded, client, recorded.answer[:place])
        if result.error is None:
            # Behind a finish reason only usage and the mark are missing.
            assert is_complete(recorded.protocol, recorded.answer[:place])
        else:
            broken += 1
            assert result.error is Kind.UPSTREAM_STREAM_TRUNCATED
            assert not is_complete(client, result.sent)
            assert result.content != result.sent
            assert complete.startswith(result.content)
    assert broken > 2
