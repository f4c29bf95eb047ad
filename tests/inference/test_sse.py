"""The event-stream codec, on streams cut at every size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import sse
from inference.errors import BackendError, Kind
from tests.inference import recordings


@pytest.mark.parametrize("name", recordings.NAMES)
@pytest.mark.parametrize("size", [1, 2, 7, 4096])
def test_split_does_not_matter(name: str, size: int) -> None:
    stream = recordings.read(name)
    parser = sse.Parser()
    events = [event for part in recordings.cut(stream, size) for event in parser.feed(part)]
    assert events == sse.Parser().feed(stream)
    assert parser.close() == []


LINES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\ufeff"), max_size=8), min_size=1, max_size=3
)


@given(
    events=st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r", "\r\n"])), max_size=5),
    places=st.lists(st.integers(0, 200), max_size=6).map(sorted),
)
def test_line_ends_may_differ_and_be_cut_anywhere(events: list[tuple[list[str], str]], places: list[int]) -> None:
    stream = "".join(end.join([*(f"data: {line}" for line in lines), "", ""]) for lines, end in events).encode()
    parser = sse.Parser()
    pieces = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
    found = [event for piece in pieces for event in parser.feed(piece)] + parser.close()
    assert found == ["\n".join(lines) for lines, _ in events]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\n", ["a"]),
        (b"data:a\n\n", ["a"]),
        (b"data:  a\n\n", [" a"]),
        (b"data\n\n", [""]),
        (b"event: ping\ndata: {}\n\n", ["{}"]),
        (b"data: a\ndata: b\n\n", ["a\nb"]),
        (b": comment\n\ndata: a\n\n", ["a"]),
        (b"event: ping\n\n", []),
        (b"id: 1\nretry: 5\ndata: a\n\n", ["a"]),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        (b"\n\n\ndata: a\n\n\n\n", ["a"]),
        ("data: a\u2028b\x85c\x0bd\n\n".encode(), ["a\u2028b\x85c\x0bd"]),
    ],
)
def test_a_stream_is_read_as_the_standard_says(stream: bytes, expected: list[str]) -> None:
    assert sse.Parser().feed(stream) == expected


def test_the_last_event_needs_no_blank_line() -> None:
    parser = sse.Parser()
    assert parser.feed(b"data: a\n\ndata: b") == ["a"]
    assert parser.close() == ["b"]


def test_an_event_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(BackendError) as caught:
        sse.Parser().feed(b"data: \xff\n\n")
    assert caught.value.kind is Kind.UPSTREAM_INVALID_RESPONSE


def test_an_event_without_end_is_refused_at_the_limit() -> None:
    parser = sse.Parser()
    parser.feed(b"x" * sse.LARGEST_EVENT)
    with pytest.raises(BackendError) as caught:
        parser.feed(b"x")
    assert caught.value.kind is Kind.UPSTREAM_INVALID_RESPONSE


def test_what_is_encoded_is_read_back() -> None:
    assert sse.Parser().feed(sse.encode("ping", b"{}")) == ["{}"]
    assert sse.encode("", b"[DONE]") == b"data: [DONE]\n\n"
