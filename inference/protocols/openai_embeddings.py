"""OpenAI's embeddings, for those who call us: texts to vectors, at the local worker."""

import base64
import struct
from typing import Literal

import msgspec

from inference import ir
from inference.envelope import top_level
from inference.errors import BackendError, GatewayError, Kind
from inference.exchange import Asked, WholeExchange
from inference.ir import JSON
from inference.protocols import native, wire
from inference.protocols.codec import Aim
from inference.protocols.decoding import decode
from inference.protocols.text_inputs import TextInput, parse_inputs
from inference.protocols.warnings import Warnings
from inference.unambiguous import unambiguous

MOST_INPUTS = 2048
FLOAT_BYTES = 4


class Fields(msgspec.Struct):
    """As clients send them. `user` changes nothing."""

    model: str
    input: JSON = None
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = None
    user: JSON = None


FIELDS = msgspec.json.Decoder(Fields)
KNOWN = frozenset(Fields.__struct_fields__)


class LocalEmbeddings(WholeExchange):
    endpoint = "embeddings"

    def __init__(self, asked: Asked, aim: Aim) -> None:
        super().__init__(aim.warnings)
        unambiguous(asked.body)
        wanted = parse_request(asked.body, aim.warnings)
        self._model = asked.model
        self._is_base64 = wanted.encoding_format == "base64"
        self.request = wire.encode(native.EmbeddingJob(aim.model, parse_texts(wanted.input), wanted.dimensions))

    def plain(self, body: bytes, *, is_stream: bool) -> bytes:  # noqa: ARG002 - vectors come whole
        try:
            made = native.EMBEDDINGS.decode(body)
        except msgspec.MsgspecError:
            raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The worker's answer cannot be read.") from None
        self.usage = ir.Usage(input_tokens=made.input_tokens)
        return msgspec.json.encode(
            {
                "object": "list",
                "data": [self._entry(index, vector) for index, vector in enumerate(made.vectors)],
                "model": self._model,
                "usage": {"prompt_tokens": made.input_tokens, "total_tokens": made.input_tokens},
            }
        )

    def _entry(self, index: int, vector: bytes) -> dict[str, JSON]:
        shown = base64.b64encode(vector).decode() if self._is_base64 else floats(vector)
        return {"object": "embedding", "index": index, "embedding": shown}


def parse_request(body: bytes, warnings: Warnings) -> Fields:
    """Raises GatewayError naming the field."""
    asked = decode(FIELDS, body)
    if asked.dimensions is not None and asked.dimensions <= 0:
        raise GatewayError(Kind.INVALID_VALUE, "This field must be above 0.", param="dimensions")
    for name, value in top_level(body).items():
        if name not in KNOWN and bytes(value) != b"null":
            warnings.add(name, "unknown")
    return asked


def parse_texts(value: JSON) -> tuple[TextInput, ...]:
    texts = parse_inputs(value, "input")
    if len(texts) > MOST_INPUTS:
        raise GatewayError(Kind.INVALID_VALUE, f"There may be at most {MOST_INPUTS} inputs.", param="input")
    if not all(texts):
        raise GatewayError(Kind.INVALID_VALUE, "An input must not be empty.", param="input")
    return texts


def floats(vector: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(vector) // FLOAT_BYTES}f", vector)
