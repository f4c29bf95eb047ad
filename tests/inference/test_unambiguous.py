"""What is refused of a body that is to be parsed, and that refusing is quick whatever was sent."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import envelope
from inference.errors import GatewayError, Kind
from inference.unambiguous import BATCH, DEEPEST, MOST_VALUES, unambiguous

LARGEST_BODY = 32 * 1024**2 - 100
# Generous: a tenth is usual. What this replaced took up to 18 s.
CPU_SECONDS = 5.0

KEYS = st.sampled_from(['"a"', '"b"', r'"\u0061"', '":"', r'"\\"', r'"\""', '","'])
SPACES = st.sampled_from(["", " ", "\n\t"])
LEAVES = st.sampled_from(["1", "-0.5e3", "null", '"x:y"', r'"\":"', '"[{"', '""', r'"\\"'])


def joined(parts: list[str], brackets: str, space: str) -> str:
    return f"{brackets[0]}{space}{f'{space},'.join(parts)}{space}{brackets[1]}"


def written(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(KEYS, SPACES, inner).map("{0[0]}{0[1]}:{0[2]}".format), max_size=3)
    return st.builds(joined, st.lists(inner, max_size=3), st.just("[]"), SPACES) | st.builds(
        joined, pairs, st.just("{}"), SPACES
    )


JSON_TEXT = st.recursive(LEAVES, written, max_leaves=10)


def has_a_key_twice(text: str) -> bool:
    found = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        found.append(len(dict(pairs)) < len(pairs))

    json.loads(text, object_pairs_hook=look)
    return any(found)


@given(JSON_TEXT.map('{{"x":{}}}'.format))
def test_a_key_that_occurs_twice_is_found_however_it_is_spelled(text: str) -> None:
    if has_a_key_twice(text):
        with pytest.raises(GatewayError, match="twice"):
            unambiguous(text.encode())
    else:
        assert unambiguous(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":{"b":1,"b":1}}',
        b'{"a":18446744073709551616}',
        b'{"a":[-9223372036854775809]}',
        b'{"a":' + b"9" * 100_000 + b"}",
        b'{"a":[1e400]}',
        rb'{"a":[{"b":1,"\u0062":2}]}',
        b'{"a":' + b"[" * DEEPEST + b"]" * DEEPEST + b"}",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_a_body_that_is_to_be_parsed_is_unambiguous_and_shallow(body: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        unambiguous(body)
    assert caught.value.kind is Kind.INVALID_JSON


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' + b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1) + b"}",
        b'{"a":[18446744073709551615,-9223372036854775808]}',
        b'{"a":0.' + b"1" * 100 + b',"b":"99999999999999999999999"}',
        b'{"a":[' + b"1," * (MOST_VALUES - 3) + b"1]}",
    ],
)
def test_what_is_just_within_the_limits_is_accepted(body: bytes) -> None:
    unambiguous(body)


def accept(body: bytes) -> None:
    envelope.read(body)
    unambiguous(body)


def filled(unit: bytes, head: bytes = b"[", tail: bytes = b"1]") -> bytes:
    """A body as large as may be sent, which holds the unit again and again."""
    start, end = b'{"model":"m","x":' + head, tail + b"}"
    return start + unit * ((LARGEST_BODY - len(start) - len(end)) // len(unit)) + end


def numbered(before: bytes, after: bytes) -> bytes:
    return before + b"".join(b',"%d":0' % number for number in range(2_600_000)) + after


HOSTILE = {
    "whole numbers": lambda: filled(b"1,"),
    "one long number": lambda: filled(b"9", head=b"[", tail=b"]"),
    "one long number on top": lambda: filled(b"9", head=b"", tail=b""),
    "keys": lambda: numbered(b'{"model":"m","x":{"a":0', b"}}"),
    "keys on top": lambda: numbered(b'{"model":"m"', b"}"),
    "empty arrays": lambda: filled(b"[],"),
    "empty objects": lambda: filled(b"{},"),
    "nested arrays": lambda: filled(b"[", tail=b""),
    "small texts": lambda: filled(b'"a",'),
    "texts that end in a backslash": lambda: filled(rb'"\\",'),
    "a duplicate deep inside": lambda: filled(b"a", head=rb'[[[[{"b":1,"\u0062":2},"', tail=b'"]]]]'),
    "not UTF-8 at the end": lambda: filled("é".encode(), head=b'"', tail=b'\xff"'),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_large_body_that_means_harm_is_refused_quickly(name: str) -> None:
    body = HOSTILE[name]()
    began = time.process_time()
    with pytest.raises(GatewayError) as caught:
        accept(body)
    assert time.process_time() - began < CPU_SECONDS
    assert caught.value.kind in (Kind.INVALID_JSON, Kind.REQUEST_TOO_LARGE, Kind.INVALID_VALUE)


def test_more_strings_than_are_taken_out_in_one_go_are_all_seen() -> None:
    text = b'"a\\\\\\":[{",'
    body = b'{"x":[' + text * (BATCH + 5) + b'{"b":1,"c":2}]}'
    unambiguous(body)
    with pytest.raises(GatewayError, match="twice"):
        unambiguous(body.replace(b'"c"', b'"b"'))


@pytest.mark.parametrize(
    ("unit", "head", "tail"),
    [(b"a", b'"', b'"'), (rb"\n", b'"', b'"'), (rb"\u00e9", b'"', b'"'), ("🙂".encode(), b'"', b'"')],
    ids=["plain", "escapes", "code points", "emoji"],
)
def test_a_large_text_is_accepted_quickly(unit: bytes, head: bytes, tail: bytes) -> None:
    body = filled(unit, head, tail)
    began = time.process_time()
    accept(body)
    assert time.process_time() - began < CPU_SECONDS
