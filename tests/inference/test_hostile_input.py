"""Whatever clients and upstreams send, only our own errors come of it."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import envelope, translate
from inference.errors import BackendError, GatewayError
from tests.inference import recordings
from tests.inference.exchanges import ANTHROPIC, OPENAI, PAIRS, Asked, ask

REQUEST = "model messages role content type text tool_calls function arguments name id input tool_use_id system"
CONTROLS = "stream max_tokens tools tool_choice thinking signature input_schema parameters anyOf properties required"
MEDIA = "image_url url file file_data source data media_type reasoning_details format signature cache_control"
OPENAI_ONLY = "functions function_call custom grammar response_format json_schema schema moderation policy reasoning"
ANSWER = "index message delta choices usage error finish_reason content_block partial_json prompt_tokens input_tokens"
BLOCK_TYPES = "text image_url file image document base64 custom json_schema function tool_use tool_result thinking"
TYPES = f"{BLOCK_TYPES} message_start content_block_start content_block_delta text_delta"
KEYS = st.sampled_from(" ".join((REQUEST, CONTROLS, MEDIA, OPENAI_ONLY, ANSWER)).split())
WORDS = st.sampled_from([*TYPES.split(), "user", "assistant", "tool", "message_delta", "message_stop", "", "{", "auto"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats(allow_nan=False) | WORDS | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("protocol", [OPENAI, ANTHROPIC])
@given(fields=st.dictionaries(KEYS, VALUES, max_size=6), backend=st.sampled_from([pair[1] for pair in PAIRS]))
def test_any_request_is_answered_or_refused(protocol: str, fields: dict[str, Any], backend: str) -> None:
    body = json.dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]} | fields).encode()
    with contextlib.suppress(GatewayError):
        envelope.read(body)
        translate.begin(Asked(protocol, body), backend, "target")


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(GatewayError):
        envelope.read(body)


CLOUD_PAIRS = [(client, backend) for client in (OPENAI, ANTHROPIC) for backend in (OPENAI, ANTHROPIC)]


@pytest.mark.parametrize(("client", "backend"), CLOUD_PAIRS)
@given(events=st.lists(st.dictionaries(KEYS, VALUES, max_size=5), max_size=4), ends=st.booleans())
def test_any_stream_is_relayed_or_refused(client: str, backend: str, events: list[Any], ends: bool) -> None:
    relay = translate.begin(ask(client), backend, "target").stream(True)
    with contextlib.suppress(BackendError):
        for event in events:
            relay.feed(f"event: {event.get('type')}\ndata: {json.dumps(event)}\n\n".encode())
        relay.feed(b"data: [DONE]\n\n" if ends else b"")
        relay.end()


@pytest.mark.parametrize(("client", "backend"), CLOUD_PAIRS)
@given(data=st.data())
def test_any_damaged_stream_is_relayed_or_refused(client: str, backend: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(recordings.OPENAI if backend == OPENAI else recordings.ANTHROPIC))
    stream = bytearray(recordings.read(name))
    for place in data.draw(st.lists(st.integers(0, len(stream) - 1), min_size=1, max_size=4)):
        stream[place] = data.draw(st.integers(0, 255))
    relay = translate.begin(ask(client), backend, "target").stream(True)
    with contextlib.suppress(BackendError):
        relay.feed(bytes(stream))
        relay.end()


@pytest.mark.parametrize(("client", "backend"), CLOUD_PAIRS)
@given(answer=VALUES)
def test_any_whole_answer_is_passed_on_or_refused(client: str, backend: str, answer: object) -> None:
    with contextlib.suppress(BackendError):
        translate.begin(ask(client), backend, "target").plain(json.dumps(answer).encode(), is_stream=False)
