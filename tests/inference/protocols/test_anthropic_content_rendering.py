"""Turns and their content for an Anthropic upstream."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import ir
from inference.errors import Kind, Untranslatable
from tests.inference.conversations import CONVERSATIONS
from tests.inference.protocols.anthropic_requests import BUDGETED, HELLO, NEWEST, TOOL, rendered, said, warned

PICTURE = ir.Image("image/png", "iVBOR", path="messages[0].content[0]")
LINK = ir.Image(url="https://example.org/a.png", path="messages[0].content[0]")
PDF = ir.Document("JVBERi0=", title="T", context="C", path="messages[0].content[0]")
WORDS = ir.Document(text="words")
ANSWER = ir.Message("assistant", (ir.Text("Hi"),))
LATER = ir.Message("system", (ir.Text("a"), ir.Text("b")))


def content(*blocks: ir.Block) -> list[dict[str, Any]]:
    (turn,) = rendered(**said(*blocks))["messages"]
    found: list[dict[str, Any]] = turn["content"]
    return found


@pytest.mark.parametrize(
    ("block", "told"),
    [
        (PICTURE, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBOR"}}),
        (LINK, {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}),
        (
            PDF,
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
                "title": "T",
                "context": "C",
            },
        ),
        (WORDS, {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}}),
    ],
)
def test_pictures_and_documents_are_told(block: ir.Block, told: dict[str, Any]) -> None:
    assert content(block) == [told]


def test_a_result_holds_pictures_and_documents() -> None:
    result = ir.ToolResult("t", (ir.Text("a"), ir.Text(" "), PICTURE, WORDS), is_error=True)
    asking = ir.Message("assistant", (ir.ToolUse("t", "f", {}),))
    body = rendered(messages=(HELLO, asking, ir.Message("user", (result,))), tools=(TOOL,))
    (told,) = body["messages"][2]["content"]
    assert [part["type"] for part in told["content"]] == ["text", "image", "document"]
    assert told["is_error"] is True


def test_an_empty_result_is_an_empty_text() -> None:
    asking = ir.Message("assistant", (ir.ToolUse("t", "f", {}),))
    body = rendered(messages=(HELLO, asking, ir.Message("user", (ir.ToolResult("t", ()),))), tools=(TOOL,))
    assert body["messages"][2]["content"] == [{"type": "tool_result", "tool_use_id": "t", "content": ""}]


@pytest.mark.parametrize(
    ("block", "overrides"),
    [
        (PICTURE, {"images": False}),
        (LINK, {"image_urls": False}),
        (ir.Image(url="http://example.org", path=LINK.path), {}),
        (PDF, {"pdf": False}),
    ],
)
def test_what_the_model_cannot_see_is_refused_where_it_stands(block: ir.Block, overrides: dict[str, Any]) -> None:
    with pytest.raises(Untranslatable) as caught:
        rendered(NEWEST, overrides, **said(block))
    assert (caught.value.kind, caught.value.param) == (Kind.UNSUPPORTED_CONTENT, "messages[0].content[0]")


@pytest.mark.parametrize(("cache", "told"), [("5m", {"type": "ephemeral"}), ("1h", {"type": "ephemeral", "ttl": "1h"})])
def test_a_cache_breakpoint_is_told(cache: str, told: dict[str, str]) -> None:
    assert content(ir.Text("a", cache)) == [{"type": "text", "text": "a", "cache_control": told}]


def test_four_cache_breakpoints_are_told_and_later_ones_left_out() -> None:
    body = rendered(
        tools=(ir.Tool("f", {}, cache="5m"),),
        system=(ir.Text("a", "5m"), ir.Text("b", "5m")),
        **said(ir.Text("c", "5m"), ir.Text("d", "5m")),
    )
    marked = [*body["tools"], *body["system"], *body["messages"][0]["content"]]
    assert ["cache_control" in block for block in marked] == [True, True, True, True, False]


def test_each_system_text_is_a_block() -> None:
    assert rendered(system=(ir.Text("a"), ir.Text(" "), ir.Text("b")))["system"] == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]


def told(model: str, *messages: ir.Message) -> list[tuple[str, list[str]]]:
    turns = rendered(model, messages=messages)["messages"]
    return [(turn["role"], [block["text"] for block in turn["content"]]) for turn in turns]


MARKED = "[system instruction]\na\n\nb"


@pytest.mark.parametrize("model", [BUDGETED, "claude-sonnet-5", "claude-opus-4-7", "some-model"])
def test_a_later_system_message_becomes_the_users_words_in_its_place(model: str) -> None:
    assert told(model, HELLO, LATER) == [("user", ["Hello", MARKED])]


@pytest.mark.parametrize("model", [NEWEST, "claude-opus-4-8", "claude-fable-5"])
def test_a_later_system_message_stays_one_where_the_model_knows_them(model: str) -> None:
    assert told(model, HELLO, LATER) == [("user", ["Hello"]), ("system", ["a", "b"])]
    assert told(model, HELLO, LATER, ANSWER, HELLO)[1:] == [
        ("system", ["a", "b"]),
        ("assistant", ["Hi"]),
        ("user", ["Hello"]),
    ]


def test_a_later_system_message_becomes_words_where_it_may_not_stand() -> None:
    assert told(NEWEST, HELLO, LATER, HELLO) == [("user", ["Hello", MARKED, "Hello"])]
    assert told(NEWEST, HELLO, ANSWER, LATER, HELLO)[2:] == [("user", [MARKED, "Hello"])]
    assert told(NEWEST, LATER, HELLO) == [("user", [MARKED, "Hello"])]


def test_a_history_that_was_cut_begins_with_the_user() -> None:
    body, warnings = warned(messages=(ANSWER, HELLO))
    assert body["messages"][0] == {"role": "user", "content": [{"type": "text", "text": "(continued)"}]}
    assert warnings == [("messages", "begins_with_assistant")]


def test_an_empty_conversation_says_so() -> None:
    body, warnings = warned(**said(ir.Text("  ")))
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "(empty)"}]}]
    assert warnings == [("messages", "empty")]


def test_a_turn_left_empty_is_dropped() -> None:
    nothing = ir.Message("assistant", (ir.Text(" "), ir.Thinking("hm", "gw1.")))
    assert told(NEWEST, HELLO, nothing, HELLO) == [("user", ["Hello", "Hello"])]


def test_an_answer_that_has_begun_is_gone_on_from() -> None:
    begun = ir.Message("assistant", (ir.Text("One \n"), ir.Text("two \n")))
    assert told(BUDGETED, HELLO, begun)[1] == ("assistant", ["One \n", "two"])


def test_an_answer_that_has_begun_is_refused_where_the_model_cannot_go_on() -> None:
    with pytest.raises(Untranslatable) as caught:
        rendered(NEWEST, messages=(HELLO, ANSWER))
    assert (caught.value.kind, caught.value.param) == (Kind.PREFILL_UNSUPPORTED, "messages")


def test_a_result_that_is_missing_is_warned_of() -> None:
    asking = ir.Message("assistant", (ir.ToolUse("t", "f", {}),))
    assert warned(messages=(HELLO, asking, HELLO), tools=(TOOL,))[1] == [("messages", "missing_tool_result")]


def test_a_long_run_of_one_role_becomes_one_turn() -> None:
    assert told(NEWEST, *[HELLO] * 50_000) == [("user", ["Hello"] * 50_000)]


@given(CONVERSATIONS, st.booleans())
def test_a_system_turn_stands_between_the_user_and_the_assistant_only(
    messages: tuple[ir.Message, ...], is_last: bool
) -> None:
    asked = (*messages, LATER) if is_last else messages
    turns = [turn["role"] for turn in warned(messages=asked)[0]["messages"]]
    around = list(zip(turns, [*turns[1:], "assistant"], strict=True))
    assert turns[0] == "user"
    assert (turns[-1] == "system") is is_last
    assert all(before != after for before, after in around if after != "assistant")
    assert all(before == "user" for before, after in around if after == "system")
    assert all(after == "assistant" for before, after in around if before == "system")
