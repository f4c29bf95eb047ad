"""Anthropic's count_tokens, for those who call us: a messages request that is counted and not answered."""

import contextlib

import msgspec

from inference import ir
from inference.errors import Untranslatable
from inference.estimate import estimate
from inference.exchange import Asked, WholeExchange
from inference.protocols import anthropic_messages, native
from inference.protocols.codec import Aim
from inference.protocols.warnings import Warnings
from inference.unambiguous import unambiguous

# Of no meaning here, but part of the request that is counted. One of the client's own comes later and wins.
MAX_TOKENS = b'{"max_tokens":1,'
NUMBER = msgspec.msgpack.Decoder(int)


class LocalCount(WholeExchange):
    """The local worker counts with the model's own template and tokenizer."""

    endpoint = "count"

    def __init__(self, asked: Asked, aim: Aim) -> None:
        super().__init__(aim.warnings)
        unambiguous(asked.body)
        self.request = native.render_request(parse_request(asked.body, aim.warnings), aim).body

    def plain(self, body: bytes, *, is_stream: bool) -> bytes:  # noqa: ARG002 - a count comes whole
        return render_count(NUMBER.decode(body))


def parse_request(body: bytes, warnings: Warnings) -> ir.Request:
    """Raises GatewayError naming the field."""
    return anthropic_messages.parse_request(MAX_TOKENS + body.lstrip().removeprefix(b"{"), warnings)


def estimated(body: bytes) -> bytes:
    """An answer without anybody who counts. Raises GatewayError for what is no request at all."""
    decoded = unambiguous(body)
    with contextlib.suppress(Untranslatable):
        parse_request(body, Warnings())
    return render_count(estimate(decoded))


def render_count(tokens: int) -> bytes:
    return msgspec.json.encode({"input_tokens": tokens})
