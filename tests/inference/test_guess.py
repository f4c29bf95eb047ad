"""Token counts that are made up from bytes alone."""

import base64
import json
import math
import time
from typing import Any

import pytest

from inference.guess import prompt_tokens

MEDIA = pytest.mark.parametrize("media", ["image/png", "application/pdf"])


def body(*parts: dict[str, Any]) -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": parts}]}, ensure_ascii=False).encode()


@pytest.mark.parametrize("size", [0, 1, 3_999, 100_000])
def test_four_bytes_are_a_token(size: int) -> None:
    assert prompt_tokens(b"x" * size) == math.ceil(size / 4)


@MEDIA
@pytest.mark.parametrize("size", [5_000, 1_000_000])
def test_each_file_counts_as_a_picture_in_both_protocols(media: str, size: int) -> None:
    data = base64.b64encode(bytes(number % 251 for number in range(size))).decode()
    inline = {"type": "image_url", "image_url": {"url": f"data:{media};base64,{data}"}}
    block = {"type": "image", "source": {"type": "base64", "media_type": media, "data": data}}
    for part in (inline, block):
        assert 1500 < prompt_tokens(body(part)) < 1600
        assert 3000 < prompt_tokens(body(part, part)) < 3200


def test_no_text_is_taken_for_a_file() -> None:
    texts = ("What is base64?", "Long words. " * 1000, "長" * 5000)
    said = body(*({"type": "text", "text": text} for text in texts))
    assert prompt_tokens(said) == math.ceil(len(said) / 4)


@pytest.mark.parametrize("piece", [b'"base64"', b'"' + b"a" * 4001, b"base64"], ids=["quotes", "files", "one string"])
def test_the_largest_body_is_looked_through_at_once(piece: bytes) -> None:
    large = b"base64" + piece * (32 * 1024**2 // len(piece))
    began = time.process_time()
    prompt_tokens(large)
    assert time.process_time() - began < 0.15
