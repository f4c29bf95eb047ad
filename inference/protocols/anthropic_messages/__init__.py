"""Anthropic's Messages API, for those who call us and for those we call."""

from inference.protocols.anthropic_messages import scanning
from inference.protocols.anthropic_messages.errors import render_error, render_stream_error
from inference.protocols.anthropic_messages.own_thinking import without_own_thinking as acceptable
from inference.protocols.anthropic_messages.request_parsing import parse_request
from inference.protocols.anthropic_messages.request_rendering import render_request
from inference.protocols.anthropic_messages.responses import parse_completion, render_completion
from inference.protocols.anthropic_messages.stream_parsing import StreamParser as stream_parser
from inference.protocols.anthropic_messages.stream_rendering import KEEPALIVE
from inference.protocols.anthropic_messages.stream_rendering import StreamRenderer as stream_renderer
from inference.protocols.anthropic_messages.usage import read_usage
from inference.protocols.refusals import parse_error, parse_stream_error

ENDPOINT = "messages"

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
