"""Token counts from a copy of relayed bytes."""

import pytest

from inference import ir, sse
from inference.protocols import anthropic_messages, openai_chat
from inference.usage import Counter
from tests.inference import recordings
from tests.inference.protocols.test_stream_parsing import ANSWERS


@pytest.mark.parametrize("name", recordings.NAMES)
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_stream_is_counted_without_being_parsed(name: str, size: int) -> None:
    counter, splitter = Counter(openai_chat if name.startswith("openai") else anthropic_messages), sse.Splitter()
    for part in recordings.cut(recordings.read(name), size):
        counter.feed(splitter.feed(part))
    _, _, usage = ANSWERS[name]
    assert counter.usage == (usage if usage != ir.Usage() else None)


@pytest.mark.parametrize(
    "junk", [b"\xff\n\n", b'data: {"usage":{"x":\n\n', b'data: {"usage":{"prompt_tokens":"x"}}\n\n']
)
def test_what_cannot_be_counted_does_no_harm(junk: bytes) -> None:
    counter = Counter(openai_chat)
    counter.feed(junk + b"x" * 100)
    counter.read(junk)
    assert counter.usage is None


def test_an_endless_event_does_no_harm() -> None:
    counter = Counter(openai_chat)
    counter.feed(b"x" * (17 * 1024**2))
    assert counter.usage is None


def test_counts_in_a_tools_input_are_not_the_answers() -> None:
    counter = Counter(anthropic_messages)
    counter.read(b'{"content":[{"input":{"usage":{"input_tokens":9}}}],"usage":{"input_tokens":1,"output_tokens":2}}')
    assert counter.usage == ir.Usage(1, 2)
