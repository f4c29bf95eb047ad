"""Chat completions messages: the neutral form to an upstream's."""

from typing import Any

import pytest

from inference import ir
from inference.errors import Kind, Untranslatable
from tests.inference.protocols.openai_requests import render_warnings, rendered, rendered_messages

IMAGE = ir.Image("image/png", "iVBO", path="messages[0].content[0]")
LINK = ir.Image(url="https://example.com/a.png", path="messages[0].content[0]")
PDF = ir.Document(data="JVBE", title="a.pdf", path="messages[0].content[0]")
NOTE = ir.Document(text="One.\nTwo.", title="a.txt", context="From the archive.")
NOTE_TEXT = "Document: a.txt\nContext: From the archive.\n-----\nOne.\nTwo.\n-----"
IMAGE_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}
LINK_PART = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
FILE = {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}
PDF_PART = {"type": "file", "file": FILE}
CALL = ir.ToolUse("c", "f", {})


def user(*blocks: ir.Block) -> ir.Message:
    return ir.Message("user", blocks)


def assistant(*blocks: ir.Block) -> ir.Message:
    return ir.Message("assistant", blocks)


def system(*blocks: ir.Block) -> ir.Message:
    return ir.Message("system", blocks)


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def content_of(*blocks: ir.Block, **profile: Any) -> Any:
    (message,) = rendered_messages(user(*blocks), **profile)
    return message["content"]


# What a message holds.


@pytest.mark.parametrize(
    ("blocks", "content"),
    [
        ((ir.Text("a"),), "a"),
        ((ir.Text("a"), ir.Text("b")), [text("a"), text("b")]),
        ((IMAGE,), [IMAGE_PART]),
        ((ir.Text("a"), LINK), [text("a"), LINK_PART]),
        ((PDF, ir.Text("a")), [PDF_PART, text("a")]),
        ((ir.Document(data="JVBE"),), [{"type": "file", "file": FILE | {"filename": "document.pdf"}}]),
        ((NOTE,), NOTE_TEXT),
        ((ir.Document(text="One."),), "-----\nOne.\n-----"),
    ],
)
def test_content_is_a_text_or_parts(blocks: tuple[ir.Block, ...], content: object) -> None:
    assert content_of(*blocks) == content


def test_a_server_that_knows_strings_only_gets_one() -> None:
    assert content_of(ir.Text("a"), NOTE, ir.Text("b"), string_content_only=True) == f"a\n\n{NOTE_TEXT}\n\nb"


@pytest.mark.parametrize(
    ("block", "profile"),
    [
        (IMAGE, {"images": False}),
        (LINK, {"images": False}),
        (LINK, {"image_urls": False}),
        (PDF, {"pdf": False}),
        (IMAGE, {"string_content_only": True}),
        (PDF, {"string_content_only": True}),
    ],
)
@pytest.mark.parametrize("in_a_result", [False, True])
def test_what_a_model_cannot_see_is_refused_by_its_place(
    block: ir.ResultPart, profile: dict[str, Any], in_a_result: bool
) -> None:
    messages = [assistant(CALL), user(ir.ToolResult("c", (block,)))] if in_a_result else [user(block)]
    with pytest.raises(Untranslatable) as caught:
        rendered_messages(*messages, **profile)
    assert (caught.value.kind, caught.value.param) == (Kind.UNSUPPORTED_CONTENT, "messages[0].content[0]")


@pytest.mark.parametrize("block", [IMAGE, PDF])
def test_what_an_assistant_cannot_have_said_is_refused(block: ir.Block) -> None:
    with pytest.raises(Untranslatable) as caught:
        rendered_messages(user(ir.Text("a")), assistant(block))
    assert caught.value.param == "messages[0].content[0]"


@pytest.mark.parametrize(("cache", "ttl"), [("5m", "30m"), ("1h", "12h")])
def test_what_shall_be_cached_is_marked_where_the_server_knows_how(cache: str, ttl: str) -> None:
    mark = {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": ttl}}
    messages = (
        user(ir.Text("a", cache=cache)),
        assistant(CALL),
        user(ir.ToolResult("c", (ir.Text("1"),), cache=cache), ir.Image(url="https://example.com", cache=cache)),
    )
    asked, _, answered, shown = rendered_messages(*messages, prompt_cache_breakpoints=True)
    assert (asked["content"], answered["content"]) == ([text("a") | mark], [text("1") | mark])
    assert shown["content"][0].items() >= mark.items()
    plain = rendered(messages=messages, tools=(ir.Tool("f", {}, cache=cache),), system=(ir.Text("S", cache=cache),))
    assert "cache" not in str(plain)


# System messages.


@pytest.mark.parametrize(("model", "role"), [("gpt-5", "developer"), ("gpt-4o", "system"), ("llama", "system")])
def test_system_messages_have_the_role_the_model_knows(model: str, role: str) -> None:
    messages = rendered(model, system=(ir.Text("S"),), messages=(user(ir.Text("a")), system(ir.Text("T"))))["messages"]
    assert messages == [
        {"role": role, "content": "S"},
        {"role": "user", "content": "a"},
        {"role": role, "content": "T"},
    ]


def test_a_system_message_stands_behind_the_results_it_would_part_from_their_calls() -> None:
    result = user(ir.ToolResult("c", (ir.Text("1"),)))
    messages = rendered_messages(assistant(CALL), system(ir.Text("T")), result, user(ir.Text("a")))
    assert [message["role"] for message in messages] == ["assistant", "tool", "system", "user"]


# Calls and results.


@pytest.mark.parametrize(("model", "nothing"), [("gpt-5", None), ("qwen3", "")])
def test_a_turn_of_calls_has_the_content_the_server_wants(model: str, nothing: str | None) -> None:
    turn = assistant(ir.ToolUse("c", "f", {"é": [1]}), ir.ToolUse("d", "g", {}))
    message = rendered_messages(turn, user(ir.Text("x")), model=model)[0]
    assert message == {
        "role": "assistant",
        "content": nothing,
        "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"é":[1]}'}},
            {"id": "d", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        ],
    }


def test_the_texts_of_an_assistants_turn_are_one() -> None:
    assert rendered_messages(assistant(ir.Text("a"), ir.Text("b")))[0]["content"] == "ab"


@pytest.mark.parametrize(("said", "shown"), [("broken", "[tool error] broken"), ("Error: broken", "Error: broken")])
def test_a_failed_result_says_so(said: str, shown: str) -> None:
    failed = user(ir.ToolResult("c", (ir.Text(said),), is_error=True))
    assert rendered_messages(assistant(CALL), failed)[1]["content"] == shown


def test_a_results_text_document_is_told_with_it() -> None:
    messages = rendered_messages(assistant(CALL), user(ir.ToolResult("c", (ir.Text("a"), NOTE))))
    assert messages[1:] == [{"role": "tool", "tool_call_id": "c", "content": f"a\n{NOTE_TEXT}"}]


def test_images_of_results_stand_together_behind_the_last_of_them() -> None:
    results = user(
        ir.ToolResult("a", (ir.Text("1"), IMAGE)),
        ir.ToolResult("b", (ir.Text("2"),)),
        ir.ToolResult("c", (PDF,)),
        ir.Text("Go on."),
    )
    calls = assistant(*(ir.ToolUse(identifier, "f", {}) for identifier in "abc"))
    assert rendered_messages(calls, results)[1:] == [
        {"role": "tool", "tool_call_id": "a", "content": "1\n[image shown in the next user message]"},
        {"role": "tool", "tool_call_id": "b", "content": "2"},
        {"role": "tool", "tool_call_id": "c", "content": "[document shown in the next user message]"},
        {
            "role": "user",
            "content": [
                text("[from the result of tool call a]"),
                IMAGE_PART,
                text("[from the result of tool call c]"),
                PDF_PART,
                text("Go on."),
            ],
        },
    ]


# Thinking.


@pytest.mark.parametrize("signature", ["", "gw1.", "c2lnbmVk"])
@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", None])
def test_reasoning_goes_back_as_text_where_the_server_reads_it(field: str | None, signature: str) -> None:
    turn = assistant(ir.RedactedThinking("opaque"), ir.Thinking("hm", signature), ir.Text("a"))
    (message,) = rendered_messages(turn, reasoning_field=field)
    assert message == {"role": "assistant", "content": "a"} | ({field: "hm"} if field else {})


def test_a_turn_of_nothing_but_unreadable_thinking_goes() -> None:
    turns = (user(ir.Text("a")), assistant(ir.RedactedThinking("opaque"), ir.Thinking("", "sig")), user(ir.Text("b")))
    assert rendered_messages(*turns) == [{"role": "user", "content": [text("a"), text("b")]}]


def test_an_empty_conversation_says_so() -> None:
    assert rendered_messages(user()) == [{"role": "user", "content": "(empty)"}]
    assert render_warnings(messages=(user(),)) == [("messages", "empty")]


@pytest.mark.parametrize("wanted", [True, False])
def test_a_turn_of_calls_brings_its_reasoning_where_the_server_insists(wanted: bool) -> None:
    turns = (assistant(CALL), user(ir.ToolResult("c", (ir.Text("r"),))))
    message, _ = rendered_messages(*turns, reasoning_with_calls=wanted)
    assert message.get("reasoning_content") == ("" if wanted else None)
