"""What is read from a request's raw bytes, and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import envelope
from inference.errors import GatewayError, Kind

SCALARS = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    SCALARS | TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)
NAMES = TEXT.filter(lambda text: text != "" and text.isprintable())
UNKNOWN = st.dictionaries(TEXT.map("x-".__add__), VALUES, max_size=5)


@given(before=UNKNOWN, after=UNKNOWN, model=NAMES, stream=st.booleans())
def test_model_and_stream_are_found_among_anything(
    before: dict[str, Any], after: dict[str, Any], *, model: str, stream: bool
) -> None:
    body = json.dumps({**before, "model": model, **after, "stream": stream}, ensure_ascii=stream)
    assert envelope.read(body.encode()) == envelope.Envelope(model, stream)


@given(before=UNKNOWN, after=UNKNOWN, model=TEXT, name=TEXT)
def test_splicing_changes_the_model_and_no_other_byte(
    before: dict[str, Any], after: dict[str, Any], *, model: str, name: str
) -> None:
    head = json.dumps(before)[:-1] + (", " if before else "") + '"model" : '
    tail = f" , {json.dumps(after, ensure_ascii=False)[1:]}" if after else " }"
    spliced = envelope.splice_model((head + json.dumps(model) + tail).encode(), name).decode()
    assert spliced == head + json.dumps(name, ensure_ascii=False) + tail


@pytest.mark.parametrize(
    "body",
    [
        b' \r\n\t{ "stream" : true ,\t"model"\n:\n"m" , "n":1 } ',
        rb'{"a\"model\":\"x":"}","\u006d\u006fdel":"\u006d","stream":true}',
        b'{"metadata":{"model":"x","stream":false},"model":"m","stream":true}',
        b'{"messages":[{"model":"x"},"model"],"stream":true,"model":"m"}',
        b'{"model":"m","stream":true,"x":12345678901234567890123,"y":-0.0e-3,"x":[]}',
    ],
)
def test_odd_spelling_is_understood(body: bytes) -> None:
    assert envelope.read(body) == envelope.Envelope("m", True)


def test_stream_may_be_absent_or_null() -> None:
    assert not envelope.read(b'{"model":"m"}').stream
    assert not envelope.read(b'{"model":"m","stream":null}').stream


def test_splicing_keeps_odd_bytes() -> None:
    body = b'{ "a":1e2,"model" :"old\\u0021" , "a":1.0, "b":"\\/\\u00e9" }'
    assert envelope.splice_model(body, 'né"w') == body.replace(b'"old\\u0021"', 'né\\"w'.join('""').encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b"[]",
        b'"model"',
        b'{"model":"m"',
        b'{"model":"m"} x',
        b'{"model":"m",}',
        b'{"model":"m","a":NaN}',
        b'{"model":"m","a":[Infinity]}',
        b'{"model":"m","a":{"b":-Infinity}}',
        b'{"model":"m","a":01}',
        b'{"model":"m","a":"\xff"}',
        b'{"model":"m","a":"\xed\xa0\x80"}',
        b'{"model":"m","\xff":1}',
        rb'{"model":"m","a":"\ud800"}',
        rb'{"model":"m","a":["\ud800x"]}',
        rb'{"model":"m","a":["\ud800\u0041 more text"]}',
        rb'{"model":"m","a":"\udc00"}',
        rb'{"model":"m","a":"\ud800\ud800 more text"}',
        b'{"model":"m","a":"\n"}',
        b'\xef\xbb\xbf{"model":"m"}',
        b'{"model":"m","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"model":"m","a":' + b'{"a":' * 100_000,
    ],
)
def test_what_is_no_clean_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        envelope.read(body)
    assert caught.value.kind is Kind.INVALID_JSON


@pytest.mark.parametrize(
    ("body", "kind", "param"),
    [
        (b"{}", Kind.MISSING_PARAMETER, "model"),
        (b'{"model":""}', Kind.INVALID_VALUE, "model"),
        (b'{"model":null}', Kind.INVALID_TYPE, "model"),
        (b'{"model":["m"]}', Kind.INVALID_TYPE, "model"),
        (b'{"model":"m","stream":1}', Kind.INVALID_TYPE, "stream"),
        (b'{"model":"m","stream":"true"}', Kind.INVALID_TYPE, "stream"),
        (b'{"model":"m","max_tokens":true}', Kind.INVALID_TYPE, "max_tokens"),
        (b'{"model":"m","max_tokens":1.5}', Kind.INVALID_TYPE, "max_tokens"),
        (b'{"model":"m","temperature":"hot"}', Kind.INVALID_TYPE, "temperature"),
        (b'{"model":"m","temperature":true}', Kind.INVALID_TYPE, "temperature"),
        (b'{"model":"m","temperature":1e999}', Kind.INVALID_VALUE, "temperature"),
        (b'{"model":"m","other":-1e999}', Kind.INVALID_VALUE, "other"),
        (b'{"model":"m","model":"m"}', Kind.INVALID_VALUE, "model"),
        (rb'{"model":"m","\u006dodel":"n"}', Kind.INVALID_VALUE, "model"),
        (rb'{"model":"m","stream":true,"s\u0074ream":false}', Kind.INVALID_VALUE, "stream"),
    ],
)
def test_a_wrong_field_is_named(body: bytes, kind: Kind, param: str) -> None:
    with pytest.raises(GatewayError) as caught:
        envelope.read(body)
    assert (caught.value.kind, caught.value.param) == (kind, param)


def test_text_that_is_not_ascii_is_checked_across_pieces() -> None:
    half = envelope.PIECE - len('{"model":"m","a":"') - 1
    body = b'{"model":"m","a":"' + b"x" * half + "é".encode() * 2
    assert envelope.read(body + b'"}').model == "m"
    with pytest.raises(GatewayError):
        envelope.read(body[:-1] + b'"}')


def test_more_fields_than_anybody_has_are_refused_before_they_are_all_read() -> None:
    body = b'{"model":"m"' + b"".join(b',"%d":0' % number for number in range(envelope.MOST_FIELDS)) + b"}"
    with pytest.raises(GatewayError) as caught:
        envelope.read(body)
    assert caught.value.kind is Kind.REQUEST_TOO_LARGE
