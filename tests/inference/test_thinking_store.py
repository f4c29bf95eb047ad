"""Thinking that is kept for clients that do not send it back."""

import json
from typing import Any

from inference import ir, translate
from inference.protocols.replaying import restored
from inference.thinking_store import LARGEST_TURN, ThinkingStore
from tests.inference.exchanges import ANTHROPIC, NATIVE, OPENAI, ask, run, streamed, whole

BLOCKS = (ir.Thinking("hm", "c2ln"), ir.RedactedThinking("b3BhcXVl"), ir.Thinking("", "c2ln"))


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_is_kept_is_found_by_its_client_alone() -> None:
    store = ThinkingStore()
    store.of("1").keep("call", BLOCKS)
    assert store.of("1").find("call") == BLOCKS
    assert store.of("2").find("call") == store.of("1").find("other") == ()


def test_it_is_kept_for_an_hour() -> None:
    clock = Clock()
    store = ThinkingStore(clock)
    store.keep("1", "call", BLOCKS)
    clock.now += 3599
    assert store.find("1", "call") == BLOCKS
    clock.now += 1
    assert store.find("1", "call") == ()
    assert (len(store), store.size) == (0, 0)


def test_the_oldest_go_when_there_are_too_many() -> None:
    store = ThinkingStore(most_turns=3)
    for number in range(5):
        store.keep("1", str(number), BLOCKS)
    store.keep("1", "3", BLOCKS)
    store.keep("1", "5", BLOCKS)
    assert [number for number in range(6) if store.find("1", str(number))] == [3, 4, 5]


def test_its_memory_is_limited_whatever_comes() -> None:
    store = ThinkingStore(most_bytes=100_000)
    for number in range(2000):
        store.keep("1", f"call_{number % 1500}", [ir.Thinking("ü" * (number % 700), "c2ln")])
        assert store.size <= 100_000
    assert 0 < len(store) < 1500
    assert store.size == sum(len(turn.blocks) for turn in store._turns.values())


def test_thinking_without_end_is_not_kept() -> None:
    store = ThinkingStore()
    store.keep("1", "call", [ir.Thinking("x" * LARGEST_TURN, "c2ln")])
    assert (len(store), store.find("1", "call")) == (0, ())


# Between an OpenAI client and Anthropic.

TOOLS = [{"type": "function", "function": {"name": "f"}}]
ANSWER = ir.Completion(
    "", (*BLOCKS[:2], ir.Text("Look."), ir.ToolUse("toolu_1", "f", {}), ir.ToolUse("toolu_2", "f", {})), "tool_use"
)
CALL: dict[str, Any] = {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def turns(*, backend: str, store: ThinkingStore, **assistant: Any) -> list[Any]:
    """The next request of the conversation as the backend gets it."""
    calls = [CALL, CALL | {"id": "toolu_2"}]
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": "Look.", "tool_calls": calls} | assistant,
        {"role": "tool", "tool_call_id": "toolu_1", "content": "1"},
        {"role": "tool", "tool_call_id": "toolu_2", "content": "2"},
    ]
    asked = ask(OPENAI, messages=messages, tools=TOOLS)
    sent: list[Any] = json.loads(translate.begin(asked, backend, "target", memory=store.of("1")).request)["messages"]
    return sent


def answered(store: ThinkingStore, *, client: str = OPENAI, stream: bool, **fields: Any) -> None:
    exchange = translate.begin(ask(client, **fields), ANTHROPIC, "target", memory=store.of("1"))
    if stream:
        run(exchange.stream(True), [streamed(ANTHROPIC, ANSWER)])
    else:
        exchange.plain(whole(ANTHROPIC, ANSWER), is_stream=False)


NATIVE_BLOCKS = [
    {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
    {"type": "redacted_thinking", "data": "b3BhcXVl"},
]


def test_a_client_that_drops_the_thinking_gets_it_put_back() -> None:
    for stream in (False, True):
        store = ThinkingStore()
        answered(store, stream=stream, tools=TOOLS)
        content = turns(backend=ANTHROPIC, store=store)[1]["content"]
        assert content[:2] == NATIVE_BLOCKS
        assert [block["type"] for block in content[2:]] == ["text", "tool_use", "tool_use"]


def test_text_that_nobody_signed_does_not_stand_for_it() -> None:
    store = ThinkingStore()
    answered(store, stream=True, tools=TOOLS)
    content = turns(backend=ANTHROPIC, store=store, reasoning_content="hm")[1]["content"]
    assert content[:3] == [*NATIVE_BLOCKS, {"type": "text", "text": "Look."}]


def test_a_client_that_sends_it_back_is_believed() -> None:
    store = ThinkingStore()
    answered(store, stream=True, tools=TOOLS)
    own = [{"type": "thinking", "thinking": "own", "signature": "b3du"}]
    content = turns(backend=ANTHROPIC, store=store, thinking_blocks=own)[1]["content"]
    assert content[:2] == [*own, {"type": "text", "text": "Look."}]


def test_nothing_is_kept_of_a_chat_without_tools_nor_for_a_client_of_anthropics() -> None:
    store = ThinkingStore()
    answered(store, stream=True)
    answered(store, client=ANTHROPIC, stream=True, tools=[{"name": "f", "input_schema": {}}])
    assert len(store) == 0


def test_it_goes_to_anthropic_alone() -> None:
    store = ThinkingStore()
    store.keep("1", "toolu_1", BLOCKS)
    asked = ask(OPENAI, messages=[{"role": "user", "content": "x"}], tools=TOOLS)
    assert b"c2ln" not in translate.begin(asked, NATIVE, "target", memory=store.of("1")).request
    assert b"c2ln" not in translate.begin(asked, OPENAI, "target", memory=store.of("1")).request


def test_a_turn_without_calls_is_left_as_it_is() -> None:
    request = ir.Request("m", (ir.Message("assistant", (ir.Text("a"),)), ir.Message("user", (ir.Text("b"),))))
    assert restored(request, lambda _: BLOCKS) == request
