"""Recorded requests, asked of every backend: valid there, in its order, and nothing said is lost."""

import pytest

from inference.errors import Untranslatable
from tests.conformance.recorded import Recorded, recordings
from tests.inference import contents
from tests.inference.exchanges import NATIVE
from tests.inference.ordering import violations
from tests.inference.pairings import BACKENDS, Backend, begin
from tests.inference.vendor_types import unknown_fields

RECORDINGS = recordings()

# What a backend cannot keep is refused by the field's name. Everything else is sent.
REFUSED: dict[tuple[str, str], str] = {
    # A tool that the vendor runs, and nothing beside it.
    ("msg-websearch", "openai_chat"): "tools[0].type",
    ("msg-websearch", NATIVE): "tools[0].type",
    # The local model reads text alone.
    ("chat-image-url", NATIVE): "messages[0].content[1].image_url",
    ("msg-stream-image", NATIVE): "messages[0].content[0]",
}
# What is left out is told. It is no more than this.
WARNED = {"chat-err-tooltype": {"web_search_options"}}

PAIRS = [(recorded, backend) for recorded in RECORDINGS for backend in BACKENDS]
SAME = [pair for pair in PAIRS if pair[0].protocol == pair[1].protocol]
OTHER = [pair for pair in PAIRS if pair[0].protocol != pair[1].protocol]
KEPT_BACK = [pair for pair in OTHER if (pair[0].name, pair[1].protocol) in REFUSED]
SENT = [pair for pair in OTHER if pair not in KEPT_BACK]


@pytest.mark.parametrize(("recorded", "backend"), SAME, ids=str)
def test_the_vendor_gets_every_byte_but_the_model(recorded: Recorded, backend: Backend) -> None:
    before, name, after = recorded.request.partition(f'"model":"{recorded.model}"'.encode())
    assert name
    assert begin(recorded.asked, backend).request == before + f'"model":"{backend.model}"'.encode() + after


@pytest.mark.parametrize(("recorded", "backend"), SENT, ids=str)
def test_another_vendor_gets_all_that_was_said_as_it_wants_it(recorded: Recorded, backend: Backend) -> None:
    source = contents.decoded(recorded.protocol, recorded.request)
    exchange = begin(recorded.asked, backend)
    sent = contents.decoded(backend.protocol, exchange.request)
    assert dict(exchange.warnings).keys() == WARNED.get(recorded.name, set())
    assert sent["model"] == backend.model
    assert contents.missing(contents.leaves(recorded.protocol, source), contents.leaves(backend.protocol, sent)) == []
    assert contents.tools(backend.protocol, sent) == contents.tools(recorded.protocol, source)
    assert violations(backend.protocol, sent) == []
    assert unknown_fields(backend, sent) == []


@pytest.mark.parametrize(("recorded", "backend"), KEPT_BACK, ids=str)
def test_what_a_backend_cannot_keep_is_refused_by_its_name(recorded: Recorded, backend: Backend) -> None:
    with pytest.raises(Untranslatable) as caught:
        begin(recorded.asked, backend)
    assert caught.value.param == REFUSED[recorded.name, backend.protocol]
