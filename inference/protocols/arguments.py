"""The arguments of a tool call: the JSON text that OpenAI carries, and the object that everyone else does."""

import msgspec

from inference.ir import JSON

OBJECT = msgspec.json.Decoder(dict[str, JSON])


def parse(text: str) -> dict[str, JSON]:
    """Always an object: what is not one is kept as a string under `_raw`."""
    if not text.strip():
        return {}
    try:
        return OBJECT.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {"_raw": text}


def is_complete(text: str) -> bool:
    """Whether more text could only spoil it."""
    if not text.rstrip().endswith("}"):
        return False
    try:
        OBJECT.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def render(arguments: dict[str, JSON]) -> str:
    return msgspec.json.encode(arguments).decode()
