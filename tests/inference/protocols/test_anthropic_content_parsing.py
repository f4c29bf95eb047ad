"""What an Anthropic client's messages hold, block by block."""

import base64
import json
from typing import Any

import pytest

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols.anthropic_messages import parse_request
from inference.protocols.warnings import Warnings

PART = "messages[0].content[0]"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()
PDF = base64.b64encode(b"%PDF-1.7\n").decode()
CACHED = {"cache_control": {"type": "ephemeral"}}
URL = {"type": "url", "url": "https://example.org/a"}
FILE = {"type": "file", "file_id": "file_1"}


def request(content: object, role: str, warnings: Warnings) -> ir.Request:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": role, "content": content}]}
    return parse_request(json.dumps(body).encode(), warnings)


def blocks(*content: dict[str, Any], role: str = "user") -> tuple[ir.Block, ...]:
    """Of content that needs no warning."""
    (message,) = request(content, role, Warnings(strict=True)).messages
    return message.content


def warned(*content: dict[str, Any], role: str = "assistant") -> tuple[tuple[ir.Block, ...], list[tuple[str, str]]]:
    warnings = Warnings()
    (message,) = request(content, role, warnings).messages
    return message.content, list(warnings)


def image(source: object, **fields: object) -> dict[str, Any]:
    return {"type": "image", "source": source, **fields}


def document(source: object, **fields: object) -> dict[str, Any]:
    return {"type": "document", "source": source, **fields}


def in_base64(media_type: str, data: str) -> dict[str, str]:
    return {"type": "base64", "media_type": media_type, "data": data}


def test_what_the_assistant_said_is_read() -> None:
    assert blocks(
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "opaque"},
        {"type": "text", "text": "a", "citations": [{"type": "char_location"}]},
        {"type": "text", "text": ""},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"x": [1.5]}, "caller": {}, "toolset_name": "b"},
        role="assistant",
    ) == (
        ir.Thinking("hm", "sig"),
        ir.RedactedThinking("opaque"),
        ir.Text("a"),
        ir.ToolUse("t", "f", {"x": [1.5]}),
    )


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"type": "text", "text": "a"}, ir.Text("a", "5m")),
        (image(URL), ir.Image(url=URL["url"], path=PART, cache="5m")),
        (document(in_base64("application/pdf", PDF)), ir.Document(PDF, path=PART, cache="5m")),
        ({"type": "search_result", "source": "s", "title": "t", "content": []}, ir.Text("t\nSource: s\n", "5m")),
        ({"type": "tool_result", "tool_use_id": "t"}, ir.ToolResult("t", (), cache="5m")),
        ({"type": "tool_use", "id": "t", "name": "f", "input": {}}, ir.ToolUse("t", "f", {}, "5m")),
    ],
)
def test_a_cache_breakpoint_is_kept(block: dict[str, Any], expected: ir.Block) -> None:
    assert blocks(block | CACHED) == (expected,)


@pytest.mark.parametrize(("ttl", "cache"), [({}, "5m"), ({"ttl": "5m"}, "5m"), ({"ttl": "1h"}, "1h")])
def test_a_cache_breakpoint_lasts_as_long_as_was_asked(ttl: dict[str, str], cache: str) -> None:
    assert blocks({"type": "text", "text": "a", "cache_control": {"type": "ephemeral", **ttl}}) == (
        ir.Text("a", cache),
    )


def test_an_image_gets_the_media_type_that_its_bytes_have() -> None:
    assert blocks(image(in_base64("image/jpeg", PNG), transformations={"x": 1})) == (
        ir.Image("image/png", PNG, path=PART),
    )


def test_a_document_is_read_from_each_of_its_sources() -> None:
    told = {"title": "T", "context": "C"}
    assert blocks(
        document(in_base64("application/pdf", PDF), **told),
        document({"type": "text", "media_type": "text/plain", "data": "words"}, **told),
        document({"type": "content", "content": "words"}, citations={"enabled": False}),
    ) == (
        ir.Document(PDF, title="T", context="C", path=PART),
        ir.Document(text="words", title="T", context="C", path="messages[0].content[1]"),
        ir.Document(text="words", path="messages[0].content[2]"),
    )


def test_the_pictures_in_a_document_follow_its_text() -> None:
    inner = [{"type": "text", "text": "a"}, image(URL), {"type": "text", "text": "b"}]
    assert blocks(document({"type": "content", "content": inner})) == (
        ir.Document(text="a\nb", path=PART),
        ir.Image(url=URL["url"], path=f"{PART}.source.content[1]"),
    )


def test_a_search_result_is_told_with_its_title_and_source() -> None:
    found = {"type": "search_result", "source": "https://a", "title": "A", "content": [{"type": "text", "text": "x"}]}
    assert blocks(found) == (ir.Text("A\nSource: https://a\n\nx"),)


@pytest.mark.parametrize("content", [None, "", []])
def test_an_empty_result_is_read(content: object) -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": content, "is_error": True}
    assert blocks(result) == (ir.ToolResult("t", (), is_error=True),)


def test_a_result_holds_whatever_it_was_given() -> None:
    parts = [{"type": "text", "text": "a"}, image(URL), document({"type": "content", "content": "b"})]
    (result,) = blocks({"type": "tool_result", "tool_use_id": "t", "content": parts, "toolset_name": "x"})
    assert isinstance(result, ir.ToolResult)
    assert result.content == (
        ir.Text("a"),
        ir.Image(url=URL["url"], path=f"{PART}.content[1]"),
        ir.Document(text="b", path=f"{PART}.content[2]"),
    )


@pytest.mark.parametrize(
    ("part", "text", "reason"),
    [
        ({"type": "tool_reference", "tool_name": "f"}, "f", "tool_reference_as_text"),
        (
            {"type": "browser_state", "tabs": [{"title": "A", "url": "https://a", "active": True}, {"url": "b"}]},
            "A https://a\nb",
            "browser_state_as_text",
        ),
    ],
)
def test_what_only_anthropic_renders_in_a_result_is_told_by_name(part: object, text: str, reason: str) -> None:
    content, warnings = warned({"type": "tool_result", "tool_use_id": "t", "content": [part]}, role="user")
    assert content == (ir.ToolResult("t", (ir.Text(text),)),)
    assert warnings == [(f"{PART}.content[0]", reason)]


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "mlx"}},
            '[web_search] {"query":"mlx"}\n',
        ),
        (
            {
                "type": "web_search_tool_result",
                "tool_use_id": "s",
                "content": [
                    {"type": "web_search_result", "title": "MLX", "url": "https://a", "encrypted_content": "x"}
                ],
            },
            "[result]\nMLX\nhttps://a\n",
        ),
        (
            {
                "type": "web_fetch_tool_result",
                "content": {"url": "https://a", "content": {"source": in_base64("application/pdf", PDF)}},
            },
            "[result]\nhttps://a\n",
        ),
        ({"type": "bash_code_execution_tool_result", "content": {"stdout": "1", "stderr": ""}}, "[result]\n1\n"),
        ({"type": "code_execution_tool_result", "content": {"error_code": "unavailable"}}, "[result]\nunavailable\n"),
        ({"type": "text_editor_code_execution_tool_result", "content": {"content": "line"}}, "[result]\nline\n"),
        ({"type": "tool_search_tool_result", "content": {"tool_references": [{"tool_name": "f"}]}}, "[result]\nf\n"),
        ({"type": "advisor_tool_result", "content": {"text": "Do."}}, "[result]\nDo.\n"),
    ],
)
def test_what_the_vendor_ran_is_told_as_text(block: dict[str, Any], text: str) -> None:
    assert warned(block) == ((ir.Text(text),), [(PART, "server_tool_as_text")])


def test_what_the_vendor_found_is_told_in_short() -> None:
    (block,), _ = warned({"type": "web_search_tool_result", "content": [{"title": "x" * 100}] * 100})
    assert isinstance(block, ir.Text)
    assert len(block.text) < 4100


@pytest.mark.parametrize(
    "block",
    [
        {"type": "container_upload", "file_id": "f"},
        {"type": "mcp_tool_use", "id": "m", "name": "f", "server_name": "s", "input": {}},
        {"type": "mcp_tool_result", "tool_use_id": "m", "content": "x"},
        {"type": "mcp_tool_listing", "tools": []},
        {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}},
    ],
)
def test_what_means_nothing_elsewhere_is_left_out(block: dict[str, Any]) -> None:
    assert warned(block, {"type": "text", "text": "a"}) == ((ir.Text("a"),), [(PART, "left_out")])


def test_a_summary_of_what_was_said_is_told_as_the_users_words() -> None:
    warnings = Warnings()
    content = [{"type": "compaction", "content": "We met."}, {"type": "text", "text": "a"}]
    messages = request(content, "assistant", warnings).messages
    assert [(message.role, message.content) for message in messages if message.content] == [
        ("user", (ir.Text("We met."),)),
        ("assistant", (ir.Text("a"),)),
    ]
    assert list(warnings) == [(PART, "compaction_as_text")]


def test_a_summary_that_failed_is_nothing() -> None:
    assert blocks({"type": "compaction", "content": None}) == ()


@pytest.mark.parametrize(
    "block",
    [
        document({"type": "content", "content": "a"}, citations={"enabled": True}),
        {"type": "search_result", "source": "s", "title": "t", "content": [], "citations": {"enabled": True}},
    ],
)
def test_citations_are_warned_of(block: dict[str, Any]) -> None:
    _, warnings = warned(block, role="user")
    assert warnings == [(f"{PART}.citations", "unsupported")]


@pytest.mark.parametrize("content", ["Now answer in French.", [{"type": "text", "text": "Now answer in French."}]])
def test_a_later_system_message_stays_in_its_place(content: object) -> None:
    (message,) = request(content, "system", Warnings(strict=True)).messages
    assert message == ir.Message("system", (ir.Text("Now answer in French."),))


@pytest.mark.parametrize(
    ("role", "block", "kind", "param"),
    [
        ("user", {"type": "hologram"}, Kind.UNSUPPORTED_CONTENT, f"{PART}.type"),
        ("user", {"type": "text"}, Kind.MISSING_PARAMETER, f"{PART}.text"),
        ("user", image(FILE), Kind.UNSUPPORTED_CONTENT, f"{PART}.source.type"),
        ("user", image(in_base64("image/png", "PHN2Zz4=")), Kind.UNSUPPORTED_CONTENT, f"{PART}.source.data"),
        ("user", document(FILE), Kind.UNSUPPORTED_CONTENT, f"{PART}.source.type"),
        ("user", document(URL), Kind.UNSUPPORTED_CONTENT, f"{PART}.source.type"),
        ("user", document(in_base64("text/csv", "YQ==")), Kind.UNSUPPORTED_CONTENT, f"{PART}.source.media_type"),
        ("system", image(URL), Kind.UNSUPPORTED_CONTENT, f"{PART}.type"),
        (
            "user",
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "audio"}]},
            Kind.UNSUPPORTED_CONTENT,
            f"{PART}.content[0].type",
        ),
        (
            "user",
            document({"type": "content", "content": [image(FILE)]}),
            Kind.UNSUPPORTED_CONTENT,
            f"{PART}.source.content[0].source.type",
        ),
    ],
)
def test_content_that_cannot_be_kept_is_named(role: str, block: dict[str, Any], kind: Kind, param: str) -> None:
    with pytest.raises(GatewayError) as caught:
        request([block], role, Warnings())
    assert (caught.value.kind, caught.value.param) == (kind, param)
