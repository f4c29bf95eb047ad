"""The worker's streams on their way to clients of both vendors: cut anywhere, and broken off at every frame."""

import pytest

from inference import ir
from inference.errors import Kind
from inference.protocols import native
from tests.inference.exchanges import NATIVE, OPENAI, ask
from tests.inference.grammar import check, is_complete
from tests.inference.pairings import CLIENTS, Relayed, backend_of, begin, relay
from tests.inference.reading import assembled, said
from tests.inference.vendor_types import check_event

USAGE = ir.Usage(20, 9, cached_tokens=12)
ANSWERS: dict[str, list[ir.Event]] = {
    "text": [ir.TextDelta("Grüße, "), ir.TextDelta("世界 👋"), ir.Finished("end_turn", usage=USAGE)],
    "thinking": [ir.ThinkingDelta("hm"), ir.Ping(), ir.TextDelta("Four"), ir.Finished("max_tokens", usage=USAGE)],
    "calls": [
        ir.TextDelta("Look:"),
        ir.ToolStarted("call_1", "get_weather"),
        ir.ToolDelta('{"city":'),
        ir.ToolDelta('"Zürich"}'),
        ir.ToolStarted("call_2", "list_files"),
        ir.Finished("tool_use", usage=USAGE),
    ],
    "empty": [ir.Finished("end_turn", usage=USAGE)],
}
EVERY_ANSWER = pytest.mark.parametrize("name", ANSWERS)
EVERY_CLIENT = pytest.mark.parametrize("client", CLIENTS)


def frames(name: str) -> list[bytes]:
    return [native.render_events([event]) for event in [ir.Started(usage=USAGE), *ANSWERS[name]]]


def relayed(client: str, *parts: bytes) -> Relayed:
    usage = {"stream_options": {"include_usage": True}} if client == OPENAI else {}
    return relay(begin(ask(client, stream=True, **usage), backend_of(NATIVE)).stream(True), *parts)


@EVERY_CLIENT
@EVERY_ANSWER
def test_a_stream_may_be_cut_anywhere(name: str, client: str) -> None:
    stream = b"".join(frames(name))
    whole = relayed(client, stream)
    for event in check(client, whole.sent):
        check_event(client, event)
    for place in range(len(stream) + 1):
        assert relayed(client, stream[:place], stream[place:]) == whole
    assert relayed(client, *[stream[place : place + 1] for place in range(len(stream))]) == whole


@EVERY_CLIENT
@EVERY_ANSWER
def test_a_stream_that_breaks_off_never_looks_complete(name: str, client: str) -> None:
    every = frames(name)
    for count in range(len(every)):
        result = relayed(client, *every[:count])
        assert result.error is Kind.UPSTREAM_STREAM_TRUNCATED
        assert not is_complete(client, result.content)


@EVERY_ANSWER
def test_both_clients_hear_the_same(name: str) -> None:
    heard = [said(client, assembled(client, relayed(client, *frames(name)).sent)) for client in CLIENTS]
    assert heard[0] == heard[1]
    assert (heard[0].counted.prompt, heard[0].counted.cached, heard[0].counted.output) == (20, 12, 9)
