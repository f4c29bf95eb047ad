"""The parts of chat completions messages: a client's to the neutral form."""

import base64
from typing import Any

import pytest

from inference import ir
from inference.errors import Kind, Untranslatable
from tests.inference.protocols.openai_requests import conversation, parse_warnings

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(30)).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff" + bytes(30)).decode()
PDF = base64.b64encode(b"%PDF-1.7\n" + bytes(30)).decode()
SVG = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()
NOTE = base64.b64encode("grüß dich".encode()).decode()
PART = "messages[0].content[0]"


def block(part: dict[str, Any]) -> ir.Block:
    ((found,),) = (message.content for message in conversation({"role": "user", "content": [part]}))
    return found


def image(url: str, **more: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **more}}


def file(**fields: str) -> dict[str, Any]:
    return {"type": "file", "file": fields}


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("a", ["a"]),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], ["a", "b"]),
        ([{"type": "text", "text": " \n"}, {"type": "text", "text": "b"}], ["b"]),
        ("", []),
        (" ", []),
    ],
)
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_content_is_a_text_or_parts(role: str, content: object, texts: list[str]) -> None:
    (message,) = conversation({"role": role, "content": content})
    assert message.content == tuple(ir.Text(text) for text in texts)


@pytest.mark.parametrize(
    ("url", "media_type", "data"),
    [
        (f"data:image/png;base64,{PNG}", "image/png", PNG),
        (f"data:image/png;base64,{JPEG}", "image/jpeg", JPEG),
        (f"DATA:image/png; charset=utf-8 ; base64,{PNG[:8]}\r\n {PNG[8:]}", "image/png", PNG),
        (f"data:;base64,{PNG}", "image/png", PNG),
    ],
)
def test_an_image_in_a_data_uri_is_what_its_bytes_say(url: str, media_type: str, data: str) -> None:
    expected = ir.Image(media_type, data, path=f"{PART}.image_url")
    assert block(image(url)) == block({"type": "image_url", "image_url": url}) == expected


def test_an_image_may_lie_at_an_https_address() -> None:
    url = "https://example.com/a.png?x=data:"
    assert block(image(url, detail="low")) == ir.Image(url=url, path=f"{PART}.image_url")


@pytest.mark.parametrize(("detail", "told"), [("low", []), ("original", [(f"{PART}.image_url.detail", "unsupported")])])
def test_only_a_detail_that_is_lost_is_told(detail: str, told: list[tuple[str, str]]) -> None:
    part = image(f"data:image/png;base64,{PNG}", detail=detail)
    assert parse_warnings(messages=[{"role": "user", "content": [part]}]) == told


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"file_data": f"data:application/pdf;base64,{PDF}", "filename": "a.pdf"}, {"data": PDF, "title": "a.pdf"}),
        ({"file_data": PDF}, {"data": PDF}),
        ({"file_data": f"data:application/octet-stream;base64,{PDF}"}, {"data": PDF}),
        ({"file_data": f"data:text/csv;base64,{NOTE}", "filename": "a.csv"}, {"text": "grüß dich", "title": "a.csv"}),
    ],
)
def test_a_file_is_a_document(fields: dict[str, str], expected: dict[str, str]) -> None:
    assert block(file(**fields)) == ir.Document(**expected, path=f"{PART}.file")


@pytest.mark.parametrize(
    ("part", "param"),
    [
        (image("http://example.com/a.png"), f"{PART}.image_url"),
        (image("file:///etc/passwd"), f"{PART}.image_url"),
        (image(PNG), f"{PART}.image_url"),
        (image(""), f"{PART}.image_url"),
        (image("data:image/png,abc"), f"{PART}.image_url"),
        (image("data:image/png;base64"), f"{PART}.image_url"),
        (image(f"data:image/svg+xml;base64,{SVG}"), f"{PART}.image_url"),
        (image(f"data:image/png;base64,{PDF}"), f"{PART}.image_url"),
        (file(file_id="file-1"), f"{PART}.file.file_id"),
        (file(filename="a"), f"{PART}.file.file_id"),
        (file(file_data=PNG), f"{PART}.file"),
        (file(file_data=f"data:application/zip;base64,{NOTE}"), f"{PART}.file"),
        (file(file_data="data:text/plain;base64,/w=="), f"{PART}.file"),
        (file(file_data="data:text/plain,hello"), f"{PART}.file"),
        ({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}, f"{PART}.type"),
        ({"type": "video_url", "video_url": {"url": "https://example.com"}}, f"{PART}.type"),
    ],
)
@pytest.mark.parametrize("role", ["user", "tool"])
def test_content_that_cannot_be_kept_is_refused_by_its_place(role: str, part: dict[str, Any], param: str) -> None:
    with pytest.raises(Untranslatable) as caught:
        conversation({"role": role, "tool_call_id": "c", "content": [part]})
    assert (caught.value.kind, caught.value.param) == (Kind.UNSUPPORTED_CONTENT, param)


def test_a_tools_result_may_hold_an_image() -> None:
    part = image(f"data:image/png;base64,{PNG}")
    (message,) = conversation({"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "1"}, part]})
    shown = ir.Image("image/png", PNG, path="messages[0].content[1].image_url")
    assert message == ir.Message("user", (ir.ToolResult("c", (ir.Text("1"), shown)),))


@pytest.mark.parametrize(
    ("hint", "kept"),
    [
        ({"cache_control": {"type": "ephemeral"}}, "5m"),
        ({"cache_control": {"type": "ephemeral", "ttl": "1h"}}, "1h"),
        ({"prompt_cache_breakpoint": {"mode": "explicit"}}, "5m"),
        ({"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}, "5m"),
        ({"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}, "1h"),
        ({"cache_control": None}, None),
    ],
)
@pytest.mark.parametrize("part", [{"type": "text", "text": "a"}, image("https://example.com"), file(file_data=PDF)])
def test_a_part_may_ask_to_be_cached(part: dict[str, Any], hint: dict[str, Any], kept: str | None) -> None:
    found = block(part | hint)
    assert isinstance(found, ir.Text | ir.Image | ir.Document)
    assert found.cache == kept
