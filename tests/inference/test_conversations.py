"""Any conversation reaches the other vendor in its order, and nothing of it is lost on the way there and back."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.errors import GatewayError
from tests.inference import recordings
from tests.inference.contents import decoded
from tests.inference.conversations import OBJECTS
from tests.inference.dialogs import ANY_ANTHROPIC, ANY_OPENAI, NAMES, story, told_to_anthropic, told_to_openai
from tests.inference.exchanges import ANTHROPIC, OPENAI, ask
from tests.inference.ordering import violations
from tests.inference.pairings import BACKENDS, CLIENTS, Backend, backend_of, begin, relay
from tests.inference.reading import assembled, said
from tests.inference.traps.probes import chunk, heard, piece

# The same examples on every machine and in every run, however slow.
BOUNDED = settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
GO_ON = {"role": "user", "content": "Go on."}
CLAUDES = st.sampled_from([backend for backend in BACKENDS if backend.protocol == ANTHROPIC])
GPTS = st.sampled_from([backend for backend in BACKENDS if backend.protocol == OPENAI])


def translated(client: str, backend: Backend, messages: list[dict[str, Any]]) -> dict[str, Any]:
    return decoded(backend.protocol, begin(ask(client, messages=messages), backend).request)


@BOUNDED
@given(messages=ANY_OPENAI, backend=CLAUDES)
def test_whatever_an_openai_client_says_reaches_anthropic_in_its_order(
    messages: list[dict[str, Any]], backend: Backend
) -> None:
    assert violations(ANTHROPIC, translated(OPENAI, backend, [*messages, GO_ON])) == []


@BOUNDED
@given(messages=ANY_ANTHROPIC, backend=GPTS)
def test_whatever_an_anthropic_client_says_reaches_openai_in_its_order(
    messages: list[dict[str, Any]], backend: Backend
) -> None:
    assert violations(OPENAI, translated(ANTHROPIC, backend, [*messages, GO_ON])) == []


@BOUNDED
@given(messages=ANY_OPENAI | ANY_ANTHROPIC)
def test_a_conversation_that_ends_anyhow_is_sent_or_refused(messages: list[dict[str, Any]]) -> None:
    for client in CLIENTS:
        for backend in BACKENDS:
            try:
                request = translated(client, backend, messages)
            except GatewayError:
                continue
            if client != backend.protocol:
                assert violations(backend.protocol, request) == []


@BOUNDED
@given(messages=told_to_openai(), there=CLAUDES)
def test_a_conversation_survives_the_way_to_anthropic_and_back(messages: list[dict[str, Any]], there: Backend) -> None:
    request = translated(OPENAI, there, messages)
    assert story(ANTHROPIC, request) == story(OPENAI, {"messages": messages})
    back = begin(ask(ANTHROPIC, **(request | {"model": "asked"})), backend_of(OPENAI)).request
    assert story(OPENAI, json.loads(back)) == story(OPENAI, {"messages": messages})


@BOUNDED
@given(messages=told_to_anthropic(), there=GPTS)
def test_a_conversation_survives_the_way_to_openai_and_back(messages: list[dict[str, Any]], there: Backend) -> None:
    request = translated(ANTHROPIC, there, messages)
    assert story(OPENAI, request) == story(ANTHROPIC, {"messages": messages})
    back = begin(ask(OPENAI, **(request | {"model": "asked"})), backend_of(ANTHROPIC)).request
    assert story(ANTHROPIC, json.loads(back)) == story(ANTHROPIC, {"messages": messages})


CALLS = st.lists(st.tuples(NAMES, OBJECTS), min_size=1, max_size=4)


@BOUNDED
@given(calls=CALLS, data=st.data())
def test_parallel_calls_may_come_in_any_turn(calls: list[tuple[str, dict[str, Any]]], data: st.DataObject) -> None:
    """Each call's pieces in their order, the calls in turns of any length, begun in the order of their numbers."""
    waiting = [cut(json.dumps(arguments), data) for _, arguments in calls]
    chunks: list[dict[str, Any]] = []
    begun = 0
    while begun < len(calls) or any(waiting):
        ready = [at for at in range(begun) if waiting[at]] + ([begun] if begun < len(calls) else [])
        at = data.draw(st.sampled_from(ready))
        if at == begun:
            begun += 1
            chunks.append(piece(at, id=f"call_{at}", name=calls[at][0]))
        else:
            chunks.append(piece(at, waiting[at].pop(0)))
    events = heard(ANTHROPIC, *chunks, chunk("tool_calls"))
    stream = b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events)
    assert list(said(ANTHROPIC, assembled(ANTHROPIC, stream)).calls) == calls


def cut(text: str, data: st.DataObject) -> list[str]:
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=3)))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


@BOUNDED
@given(name=st.sampled_from(recordings.NAMES), client=st.sampled_from(CLIENTS), data=st.data())
def test_a_stream_may_be_cut_into_any_pieces(name: str, client: str, data: st.DataObject) -> None:
    stream = recordings.read(name)
    places = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    parts = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
    protocol = OPENAI if name in recordings.OPENAI else ANTHROPIC
    one, many = (begin(ask(client, stream=True), backend_of(protocol)).stream(True) for _ in range(2))
    assert relay(many, *parts) == relay(one, stream)
