"""Reads what routing needs from a request's raw bytes, refuses what nobody should be sent, and swaps the model name.

Only the top level is decoded: the values of a large body are passed over, and the bytes stay what they were.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from inference.errors import GatewayError, Kind
from inference.ir import JSON

# As a mapping can hold it. It is logged, compared with every name we know, and shown in a header.
LONGEST_MODEL = 255
MOST_FIELDS = 1000
# In bytes. What is looked at in one go, so that a large body is never held a second time.
PIECE = 1024**2
ROUTED_BY = ("model", "stream")
KEY = re.compile(rb'[\s,]*+"(?:[^"\\]++|\\.)*+"\s*+:\s*+')


class Key:
    """A key as it occurs: equal to itself alone, so that a dict keeps both of two that read the same."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Field(NamedTuple):
    """A top-level field. Its value lies in the body from `start` to `end`."""

    name: str
    value: msgspec.Raw
    start: int
    end: int


class Envelope(msgspec.Struct, frozen=True):
    model: str
    stream: bool


class Keys:
    """Makes the keys of one body, up to a number: each costs far more than its bytes."""

    def __init__(self) -> None:
        self.left = MOST_FIELDS

    def make(self, _: type, name: str) -> Key:
        self.left -= 1
        if self.left < 0:
            raise GatewayError(Kind.REQUEST_TOO_LARGE, f"The body has more than {MOST_FIELDS:,} fields.")
        return Key(name)


FIELDS = dict[Key, msgspec.Raw]
VALUES = msgspec.json.Decoder(dict[str, msgspec.Raw])
STRING = msgspec.json.Decoder(str)
NUMBER = msgspec.json.Decoder(float)
BOOLEAN = msgspec.json.Decoder(bool | None)
OPTIONAL_STRING = msgspec.json.Decoder(str | None)
OPTIONAL_NUMBER = msgspec.json.Decoder(float | None)
INTEGER = msgspec.json.Decoder(int | None)
# What both protocols mean alike; `logprobs`, say, is a bool here and a number there.
SCALARS: dict[str, msgspec.json.Decoder[Any]] = {  # Any: each decodes to its own type, and the value is not used.
    "model": STRING,
    "stream": BOOLEAN,
    "parallel_tool_calls": BOOLEAN,
    "store": BOOLEAN,
    "max_tokens": INTEGER,
    "max_completion_tokens": INTEGER,
    "max_output_tokens": INTEGER,
    "n": INTEGER,
    "seed": INTEGER,
    "top_k": INTEGER,
    "top_logprobs": INTEGER,
    "temperature": OPTIONAL_NUMBER,
    "top_p": OPTIONAL_NUMBER,
    "min_p": OPTIONAL_NUMBER,
    "frequency_penalty": OPTIONAL_NUMBER,
    "presence_penalty": OPTIONAL_NUMBER,
    "user": OPTIONAL_STRING,
}
NUMERIC = frozenset(b"-0123456789")


def read(body: bytes) -> Envelope:
    """Raises GatewayError for a body that is not JSON, lacks a model, or types a top-level scalar wrongly."""
    values: dict[str, JSON] = {}
    for key, value in decode_fields(body).items():
        name = key.name
        if name in ROUTED_BY and name in values:
            raise GatewayError(Kind.INVALID_VALUE, "This field occurs twice.", param=name)
        decoder = SCALARS.get(name)
        if decoder is None:
            decoder = NUMBER if memoryview(value)[0] in NUMERIC else None
        if decoder is not None:
            values[name] = scalar(name, value, decoder)
    if "model" not in values:
        raise GatewayError(Kind.MISSING_PARAMETER, "This field is required.", param="model")
    if not 0 < len(values["model"]) <= LONGEST_MODEL or not values["model"].isprintable():
        message = f"A model's name has 1 to {LONGEST_MODEL} printable characters."
        raise GatewayError(Kind.INVALID_VALUE, message, param="model")
    return Envelope(model=values["model"], stream=bool(values.get("stream")))


def splice_model(body: bytes, name: str) -> bytes:
    """The body with the top-level model's value replaced, every other byte as it was."""
    return splice(body, find(body, "model"), msgspec.json.encode(name))


def find(body: bytes, name: str) -> Field:
    """The top-level field of this name. Raises StopIteration."""
    return next(field for field in fields(body) if field.name == name)


def splice(body: bytes, field: Field, value: bytes) -> bytes:
    return body[: field.start] + value + body[field.end :]


def fields(body: bytes) -> Iterator[Field]:
    """The top-level fields in their order, one that occurs twice both times. Raises GatewayError."""
    position = body.find(b"{") + 1
    for key, value in decode_fields(body).items():
        match = KEY.match(body, position)
        assert match is not None, "a key of JSON that was just decoded"
        start = match.end()
        position = start + len(value)
        yield Field(key.name, value, start, position)


def top_level(body: bytes) -> dict[str, msgspec.Raw]:
    """The top-level fields of a body that was decoded before, and in which no key occurs twice."""
    return VALUES.decode(body)


def decode_fields(body: bytes) -> dict[Key, msgspec.Raw]:
    try:
        check_utf8(body)  # msgspec passes over values without looking at their encoding.
        return msgspec.json.decode(body, type=FIELDS, dec_hook=Keys().make)
    except msgspec.ValidationError:
        raise GatewayError(Kind.INVALID_JSON, "The body must be a JSON object.") from None
    except UnicodeDecodeError:
        raise GatewayError(Kind.INVALID_JSON, "The body is not UTF-8.") from None
    except (msgspec.DecodeError, RecursionError):
        raise GatewayError(Kind.INVALID_JSON, "The body is not valid JSON.") from None


def check_utf8(body: bytes) -> None:
    """Raises UnicodeDecodeError."""
    if body.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(body), PIECE):
        decoder.decode(body[start : start + PIECE])
    decoder.decode(b"", final=True)


def scalar(name: str, value: msgspec.Raw, decoder: msgspec.json.Decoder[Any]) -> JSON:  # Any: as in SCALARS.
    try:
        return decoder.decode(value)
    except msgspec.ValidationError as error:
        kind = Kind.INVALID_TYPE if str(error).startswith("Expected") else Kind.INVALID_VALUE
        raise GatewayError(kind, f"{error}.", param=name) from None
