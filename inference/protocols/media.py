"""What a picture or document is by its first bytes: clients mistake it, and providers refuse what is mislabelled."""

import base64
import binascii

PDF = "application/pdf"
IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
STARTS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"%PDF-": PDF,
}
# In base64: enough for the longest start, and divisible by four.
HEAD = 16


def sniff(data: bytes | str) -> str | None:
    """The media type, or None for one that no provider takes. A `str` is base64."""
    start = data if isinstance(data, bytes) else decoded_head(data)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for prefix, media_type in STARTS.items() if start.startswith(prefix)), None)


def decoded_head(data: str) -> bytes:
    """Empty where it is not base64."""
    head = "".join(data[: 4 * HEAD].split())[:HEAD]
    try:
        return base64.b64decode(head + "=" * (-len(head) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
