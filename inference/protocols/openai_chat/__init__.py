"""OpenAI's chat completions, for those who call us and for those we call."""

from inference.protocols.openai_chat import scanning
from inference.protocols.openai_chat.errors import render_error, render_stream_error
from inference.protocols.openai_chat.request_parsing import parse_request
from inference.protocols.openai_chat.request_rendering import render_request
from inference.protocols.openai_chat.responses import parse_completion, render_completion
from inference.protocols.openai_chat.stream_parsing import StreamParser as stream_parser
from inference.protocols.openai_chat.stream_rendering import KEEPALIVE
from inference.protocols.openai_chat.stream_rendering import StreamRenderer as stream_renderer
from inference.protocols.openai_chat.usage import read_usage
from inference.protocols.refusals import parse_error, parse_stream_error

ENDPOINT = "chat/completions"


def acceptable(body: bytes) -> bytes:
    """All of it: fields that a server does not know, as those for thinking, are passed over there."""
    return body


__all__ = [
    "ENDPOINT",
    "KEEPALIVE",
    "acceptable",
    "parse_completion",
    "parse_error",
    "parse_request",
    "parse_stream_error",
    "read_usage",
    "render_completion",
    "render_error",
    "render_request",
    "render_stream_error",
    "scanning",
    "stream_parser",
    "stream_renderer",
]
