"""Token counts that are made up without a tokenizer: what is counted, and how."""

import base64
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.estimate import estimate
from tests.inference.pictures import gif, jpeg, png, webp_extended, webp_lossless, webp_lossy

KEYS = st.sampled_from(["messages", "system", "tools", "type", "source", "data", "content", "text", "input", "role"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


def asking(*content: Any, **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(content)}], **fields}


def expected(*, size: int = 0, tokens: float = 0, messages: int = 1, tools: int = 0) -> int:
    """`size` in bytes of text, `tokens` beside it."""
    return math.ceil(1.1 * (size / 3.3 + tokens + 4 * messages + 12 * tools))


def picture(data: bytes) -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": "x", "data": base64.b64encode(data).decode()}}


def pdf(data: bytes, **fields: Any) -> dict[str, Any]:
    source = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(data).decode()}
    return {"type": "document", "source": source, **fields}


def test_text_counts_by_its_bytes() -> None:
    assert estimate({"messages": [{"role": "user", "content": "x" * 330}]}) == expected(size=330)
    assert estimate(asking({"type": "text", "text": "é" * 330})) == expected(size=660)


@pytest.mark.parametrize("system", ["x" * 100, [{"type": "text", "text": "x" * 100, "cache_control": {"type": "y"}}]])
def test_the_system_prompt_counts(system: Any) -> None:
    assert estimate(asking(system=system)) == expected(size=100)


def test_a_tool_counts_with_its_schema() -> None:
    tool = {"name": "get", "description": "d" * 50, "input_schema": {"type": "object", "properties": {"city": {}}}}
    size = len('{"name":"get","description":"","input_schema":{"type":"object","properties":{"city":{}}}}') + 50
    assert estimate(asking(tools=[tool])) == expected(size=size, tools=1)


@pytest.mark.parametrize(
    ("block", "size"),
    [
        ({"type": "tool_use", "id": "toolu_1", "name": "get", "input": {"city": "Paris"}}, 3 + len('{"city":"Paris"}')),
        ({"type": "tool_result", "tool_use_id": "toolu_1", "content": "x" * 90}, 90),
        ({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "x" * 90}]}, 90),
        ({"type": "thinking", "thinking": "x" * 90, "signature": "s" * 500}, 90),
        ({"type": "redacted_thinking", "data": "x" * 90}, 90),
        ({"type": "document", "title": "t" * 9, "source": {"type": "text", "data": "x" * 90, "media_type": "m"}}, 99),
        ({"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "x" * 9}]}}, 9),
        ({"type": "search_result", "source": "s" * 9, "title": "t" * 9, "content": [{"text": "x" * 9}]}, 27),
        ({"type": "nobody knows", "words": ["x" * 45, {"more": "x" * 45}], "number": 5}, 90),
    ],
)
def test_every_kind_of_block_counts(block: dict[str, Any], size: int) -> None:
    assert estimate(asking(block)) == expected(size=size)


@pytest.mark.parametrize(
    ("data", "tokens"),
    [
        (png(300, 250), 100),
        (jpeg(300, 251), math.ceil(300 * 251 / 750)),
        (gif(30, 25), 1),
        (webp_lossy(750, 4), 4),
        (webp_lossless(750, 5), 5),
        (webp_extended(75_000, 6), 600),
        (jpeg(300, 250, preview=60_000), 100),
        (png(20_000, 20_000), 1600),
        (png(0, 5), 1500),
        (png(5, 5)[:20], 1500),
        (jpeg(5, 5)[:20], 1500),
        (b"nothing", 1500),
        (b"", 1500),
    ],
)
def test_a_picture_counts_by_its_size(data: bytes, tokens: int) -> None:
    assert estimate(asking(picture(data))) == expected(tokens=tokens)


def test_a_picture_somewhere_else_counts_as_a_large_one() -> None:
    assert estimate(asking({"type": "image", "source": {"type": "url", "url": "https://x/y"}})) == expected(tokens=1500)


def test_a_pdf_counts_by_its_pages() -> None:
    pages = b"%PDF-1.4\n<< /Type /Pages /Count 2 >>\n<< /Type /Page >>\n<</Type/Page/Parent 1 0 R>>"
    assert estimate(asking(pdf(pages))) == expected(tokens=3000)
    assert estimate(asking(pdf(pages, title="x" * 33))) == expected(size=33, tokens=3000)
    assert estimate(asking(pdf(b"x" * 3001))) == expected(tokens=3000)
    assert estimate(asking(pdf(b"x" * 9_000_000))) == expected(tokens=600 * 1500)
    assert estimate(asking({"type": "document", "source": {"type": "url", "url": "u"}})) == expected(tokens=1500)


def test_content_within_a_tools_result_counts() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": [picture(png(300, 250)), pdf(b"x")]}
    assert estimate(asking(result)) == expected(tokens=100 + 1500)


def test_nothing_is_something() -> None:
    assert estimate({}) == 0
    assert estimate(asking()) == expected()


@given(JSON)
def test_whatever_is_sent_is_counted(body: Any) -> None:
    assert estimate(body) >= 0
