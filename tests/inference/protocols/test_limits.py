"""An answer without end is given up before it fills the memory."""

from collections import deque
from collections.abc import Callable
from itertools import repeat
from typing import Any

import pytest

from inference import ir
from inference.errors import BackendError, Kind
from inference.protocols import anthropic_messages, openai_chat
from inference.protocols.codec import Answering
from tests.inference.protocols.test_endings import chunk, event


def test_arguments_without_end_are_refused() -> None:
    parser = openai_chat.stream_parser()
    first = chunk(tool_calls=[{"index": 0, "id": "c", "function": {"name": "f", "arguments": "x"}}])
    piece = chunk(tool_calls=[{"index": 0, "function": {"arguments": "x" * 2**20}}])
    parser.feed(first)
    refuses(parser.feed, piece, most=17)


def test_calls_without_end_are_refused() -> None:
    parser = openai_chat.stream_parser()
    many = [{"index": index, "id": "c", "function": {"name": ""}} for index in range(20_000)]
    refuses(parser.feed, chunk(tool_calls=many), most=1)


def test_blocks_without_end_are_refused() -> None:
    parser = anthropic_messages.stream_parser()
    starts = [event("content_block_start", index=i, content_block={"type": "text", "text": "x"}) for i in range(1001)]
    refuses(parser.feed, b"".join(starts), most=2)


def refuses(take: Callable[[Any], object], piece: object, *, most: int) -> None:
    with pytest.raises(BackendError) as caught:
        deque(map(take, repeat(piece, most)), maxlen=0)
    assert caught.value.kind is Kind.UPSTREAM_INVALID_RESPONSE


@pytest.mark.parametrize("delta", [ir.ThinkingDelta("x" * 2**20), ir.ToolDelta("x" * 2**20)])
def test_what_is_kept_for_the_end_is_limited(delta: ir.Event) -> None:
    custom = Answering(request_id="r", model="m", created=1, custom_tools=frozenset({"run"}))
    renderer = openai_chat.stream_renderer(custom)
    renderer.render([ir.Started(), ir.ToolStarted("t", "run")])
    refuses(renderer.render, [delta], most=17)
