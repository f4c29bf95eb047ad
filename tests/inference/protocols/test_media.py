"""Telling pictures and documents apart by their bytes."""

import base64

import pytest

from inference.protocols.media import sniff

STARTS = [
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"),
    (b"GIF89a\x01\x00\x01\x00", "image/gif"),
    (b"GIF87a\x01\x00\x01\x00", "image/gif"),
    (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
    (b"%PDF-1.7\n", "application/pdf"),
    (b"RIFF\x24\x00\x00\x00WAVEfmt ", None),
    (b"<svg xmlns=", None),
    (b"", None),
]


@pytest.mark.parametrize(("start", "media_type"), STARTS)
def test_the_media_type_is_read_from_the_bytes(start: bytes, media_type: str | None) -> None:
    assert sniff(start) == media_type


@pytest.mark.parametrize(("start", "media_type"), STARTS)
def test_it_is_read_from_base64_too(start: bytes, media_type: str | None) -> None:
    assert sniff(base64.b64encode(start + bytes(100)).decode()) == (media_type if start else None)


def test_line_breaks_in_base64_do_not_hide_it() -> None:
    text = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(60)).decode()
    assert sniff("\r\n".join(text[at : at + 8] for at in range(0, len(text), 8))) == "image/png"


@pytest.mark.parametrize("text", ["", "no base64!", "ä", "iVBOR"])
def test_what_is_not_base64_has_no_media_type(text: str) -> None:
    assert sniff(text) is None
