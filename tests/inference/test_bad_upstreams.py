"""Upstreams that misbehave: an error of the caller's protocol comes of it, no crash, no success, no full memory."""

import gzip
import json
import resource
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import translate
from inference.errors import BackendError
from inference.failures import AttemptsFailed
from inference.relay import Timing
from tests.answers import WEB_PAGE, Answer, events, plain
from tests.inference import recordings
from tests.inference.exchanges import ANTHROPIC, CONTENTS, HEADS, OPENAI, ask
from tests.inference.executing import CLOUD, executing, incoming, read, route, target
from tests.upstreams import Upstream

PAIRS = pytest.mark.parametrize(("client", "backend"), CLOUD)
MODES = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
IMPATIENT = Timing(hold=0.1, keepalive=0.2, ending=0.2, content=0.8)
DEEP = b'{"choices":[{"index":0,"message":' + b'{"x":' * 100_000 + b"1" + b"}" * 100_000 + b"}]}"
ZEROS = gzip.compress(b"\0" * 2**29)
SPACES = gzip.compress(b" " * 2**29)
MEGABYTE = 2**20

NONSENSE: dict[str, Answer] = {
    "not HTTP": Answer(raw=b"\x16\x03\x01 garbage\r\n\r\n", ending="close"),
    "nothing": Answer(raw=b"", ending="close"),
    "a web page": WEB_PAGE,
    "a web page as a stream": events(b"<html>\n\n<body>Bad gateway</body>\n\n</html>"),
    "a web page as JSON": plain(b"<html><body>Bad gateway</body></html>"),
    "an empty answer": plain(b""),
    "an empty stream": events(b"\n\n"),
    "half an answer": plain(b'{"id":"x","choices":[{"mess', ending="close"),
    "a list": plain(b"[]"),
    "an error as an answer": plain({"error": {"message": "x", "type": "server_error"}}),
    "bytes that are no text": plain(b'{"id":"\xff","choices":[]}'),
    "a stream that is no text": events(b'data: {"id":"\xff"}\n\n'),
    "half a character": plain(b'{"id":"\\ud800","error":1}'),
    "not a number": plain(b'{"id":"x","choices":NaN}'),
    "no JSON at all": plain(b"upstream says hello"),
    "too deep": plain(DEEP),
    "events as plain text": Answer(headers=(("content-type", "text/plain"),), chunks=(b"data: {}\n\n",)),
    "events without a type": Answer(headers=(), chunks=(b"data: {}\n\n",)),
    "a bomb": plain(ZEROS, headers=(("content-encoding", "gzip"),)),
    "a bomb as a stream": events(ZEROS, headers=(("content-encoding", "gzip"),)),
    "a bomb of white space": events(SPACES, headers=(("content-encoding", "gzip"),)),
    "no gzip": plain(b"not gzip", headers=(("content-encoding", "gzip"),)),
    "an encoding of its own": plain(b"{}", headers=(("content-encoding", "x-own"),)),
    "one event without end": events(b"data: " + b"x" * MEGABYTE, endless=True),
    "comments without end": events(b": still here\n\n", endless=True, pause=0.01),
}


def size() -> int:
    """The most memory this process has had, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


@PAIRS
@MODES
@pytest.mark.parametrize("name", NONSENSE)
async def test_nonsense_is_an_error(upstream: Upstream, client: str, backend: str, stream: bool, name: str) -> None:
    upstream.always = NONSENSE[name]
    before = size()
    asked = msgspec.structs.replace(incoming(client, stream=stream), idle=2, first_byte=2)
    async with executing(IMPATIENT) as executor:
        try:
            answer = await executor.execute(asked, route(target(upstream, backend)))
            told = await read(answer)
        except AttemptsFailed:
            told = None
    if told is not None:
        check_error(told, client)
    assert size() - before < 400 * MEGABYTE


def check_error(told: bytes, client: str) -> None:
    """A stream that had begun ends with an error event, and with nothing that looks like an end."""
    if client == ANTHROPIC:
        assert told.rpartition(b"event: ")[2].startswith(b"error\n")
        assert b"message_stop" not in told
    else:
        *_, error, done, rest = told.split(b"\n\n")
        assert json.loads(error.removeprefix(b"data: "))["error"]["code"].startswith("upstream_")
        assert (done, rest) == (b"data: [DONE]", b"")
        assert b'"finish_reason":"' not in told


BREAKS: dict[str, bytes] = {
    "silence": b"",
    "half an event": b'data: {"choices":[{"ind',
    "no text": b"data: \xff\xfe\n\n",
    "no JSON": b"data: <html>\n\n",
    "half a character": b'data: {"id":"\\ud800","choices":[]}\n\n',
    "not a number": b'data: {"usage":{"prompt_tokens":NaN}}\n\n',
    "too deep": b"data: " + DEEP + b"\n\n",
    "another type": b'data: {"choices":7,"type":[],"index":"x"}\n\n',
    "an error": b'event: error\ndata: {"type":"error","error":{"type":"server_error","message":"x"}}\n\n',
}


@PAIRS
@pytest.mark.parametrize("name", BREAKS)
async def test_a_stream_that_breaks_ends_with_an_error(
    upstream: Upstream, client: str, backend: str, name: str
) -> None:
    upstream.script(events(HEADS[backend] + CONTENTS[backend], BREAKS[name], pause=0.05))
    async with executing(IMPATIENT) as executor:
        told = await read(await executor.execute(incoming(client, stream=True), route(target(upstream, backend))))
    assert told.count(b"Hi") + told.count(b'"H"') == 1
    if client == backend and name == "an error":
        # Relayed as it came.
        assert told.endswith(BREAKS[name])
    else:
        check_error(told, client)


# Anything at all.

NAMES = st.sampled_from(
    ["choices", "delta", "content", "error", "usage", "index", "tool_calls", "type", "message", "text"]
)
SCALARS = st.none() | st.booleans() | st.integers(-1, 2**70) | st.text(max_size=5)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)
ODD = [b"\\ud800", b"NaN", b"-Infinity", b"1e999", b"\xff", b"\x00", b"\r", b"\xe2\x80\xa8", b"{" * 2000, b"[" * 2000]


@PAIRS
@given(data=st.data())
def test_a_stream_damaged_by_odd_values_is_relayed_or_refused(client: str, backend: str, data: st.DataObject) -> None:
    """Where it is translated, what comes out is a stream of the client's protocol to its end, or an error."""
    stream = recordings.read(
        data.draw(st.sampled_from(recordings.OPENAI if backend == OPENAI else recordings.ANTHROPIC))
    )
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(stream)))
        extra = data.draw(st.sampled_from(ODD) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
        stream = stream[:place] + extra + stream[place + data.draw(st.integers(0, 20)) :]
    relay = translate.begin(ask(client, stream=True), backend, "target").stream(True)
    told = b""
    try:
        for part in recordings.cut(stream, data.draw(st.sampled_from([7, 4096]))):
            told += relay.feed(part)
        told += relay.end()
    except BackendError as error:
        check_ending(relay.fail(error), client)
    else:
        assert client == backend or told.endswith((b"data: [DONE]\n\n", b'data: {"type":"message_stop"}\n\n'))


def check_ending(ending: bytes, client: str) -> None:
    assert b"event: error\n" in ending if client == ANTHROPIC else ending.endswith(b"data: [DONE]\n\n")


@PAIRS
@given(value=JSON_VALUES, odd=st.sampled_from(ODD), place=st.integers(0, 60))
def test_an_answer_of_odd_values_is_passed_on_or_refused(
    client: str, backend: str, value: object, odd: bytes, place: int
) -> None:
    content = {"content": value, "role": "assistant"}
    answer = {"id": "x", "choices": [{"index": 0, "message": content}], "content": [content], "usage": value}
    body = json.dumps(answer).encode()
    for given_body in (body, body[:place] + odd + body[place:]):
        try:
            told = translate.begin(ask(client), backend, "target").plain(given_body, is_stream=False)
        except BackendError:
            continue
        assert client == backend or json.loads(told)
