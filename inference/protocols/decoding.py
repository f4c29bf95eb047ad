"""Decodes a client's request into typed structs, and says of a wrong field which it is and what is wrong with it."""

import re

import msgspec

from inference.errors import GatewayError, Kind, Untranslatable

LONGEST_REASON = 200
MISSING_FIELD = re.compile(r"Object missing required field `(.+)`")
# A `type` we have no struct for: content or a tool that we cannot translate, or that nobody knows.
UNKNOWN_TYPES = (
    (re.compile(r"content\[\d+\]\.type"), Kind.UNSUPPORTED_CONTENT, "Content of this type cannot be translated"),
    (re.compile(r"tools\[\d+\]\.type"), Kind.UNSUPPORTED_TOOL, "A tool of this type cannot be translated"),
)


def decode[T](decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Raises GatewayError naming the field."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise refused(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise GatewayError(Kind.INVALID_JSON, "The body is not valid JSON.") from None


def refused(text: str) -> GatewayError:
    """From msgspec's words, as: Expected `str`, got `int` - at `$.messages[2].content`."""
    reason, _, place = text.partition(" - at `$")
    path = place.removesuffix("`").removeprefix(".")
    reason = reason[:LONGEST_REASON]
    if missing := MISSING_FIELD.fullmatch(reason):
        field = f"{path}.{missing[1]}".removeprefix(".")
        return GatewayError(Kind.MISSING_PARAMETER, "This field is required.", param=field)
    for pattern, kind, sentence in UNKNOWN_TYPES:
        if reason.startswith("Invalid value") and pattern.search(path):
            return Untranslatable(f"{sentence}: {reason.removeprefix('Invalid value ')}.", param=path, kind=kind)
    kind = Kind.INVALID_TYPE if reason.startswith("Expected") else Kind.INVALID_VALUE
    return GatewayError(kind, f"{reason}.", param=path or None)
