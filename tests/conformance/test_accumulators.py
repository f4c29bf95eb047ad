"""The vendors' own accumulators, fed over a real socket with what our translation made of recorded answers."""

from collections.abc import Iterator

import anthropic
import openai
import pytest

from inference.errors import Kind
from tests.conformance.recorded import Recorded
from tests.conformance.test_answers import ANSWERS, EVERY_CLIENT, STREAMS, source_of, streamed
from tests.conformance.test_cuts import relayed
from tests.inference.cuts import borders
from tests.inference.reading import said
from tests.inference.sdk_reading import assembled_by_sdk
from tests.upstreams import Upstream


@pytest.fixture(scope="module")
def server() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@EVERY_CLIENT
@pytest.mark.parametrize("recorded", ANSWERS, ids=str)
def test_the_clients_sdk_assembles_what_the_vendor_said(recorded: Recorded, client: str, server: Upstream) -> None:
    answer = assembled_by_sdk(client, server, streamed(recorded, client))
    assert said(client, answer) == said(recorded.protocol, source_of(recorded))


@EVERY_CLIENT
@pytest.mark.parametrize("recorded", STREAMS, ids=str)
def test_the_clients_sdk_raises_where_a_stream_broke_off(recorded: Recorded, client: str, server: Upstream) -> None:
    middle = borders(recorded.answer)[2]
    result = relayed(recorded, client, recorded.answer[:middle])
    assert result.error is Kind.UPSTREAM_STREAM_TRUNCATED
    with pytest.raises((openai.APIError, anthropic.APIStatusError)):
        assembled_by_sdk(client, server, result.sent)
