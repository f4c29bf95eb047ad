"""What a protocol offers. A client codec serves those who call us, a backend codec those we call.

A protocol is a package (or a module) that has these functions; `translate` joins a client codec and a backend codec
through the neutral form. Nothing here does input or output, and nothing knows the time: it is handed in.
"""

from dataclasses import dataclass
from typing import Protocol

from inference import ir
from inference.errors import BackendError, GatewayError


@dataclass(frozen=True, slots=True)
class Answering:
    """What a rendered answer needs beside its content.

    `model` is the name the client asked for, `created` is in Unix seconds.
    """

    request_id: str
    model: str
    created: int
    include_usage: bool = False
    shows_reasoning: bool = True


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """An error as one protocol shows it. `headers` such as `retry-after`, names in lower case."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class StreamParser(Protocol):
    """A backend's stream, pushed in as bytes cut anywhere."""

    def feed(self, chunk: bytes) -> list[ir.Event]:
        """Raises BackendError for an error the stream carries, or for bytes that are not of the protocol."""

    def close(self) -> list[ir.Event]:
        """The stream has ended. Raises BackendError (`upstream_stream_truncated`) where it ended too early."""


class StreamRenderer(Protocol):
    """Events to the client's stream."""

    def render(self, events: ir.Events) -> bytes: ...


class ClientCodec(Protocol):
    def parse_request(self, body: bytes) -> ir.Request:
        """Raises GatewayError naming the field."""

    def render_completion(self, completion: ir.Completion, answering: Answering) -> bytes: ...

    def stream_renderer(self, answering: Answering) -> StreamRenderer: ...

    def render_error(self, error: GatewayError, request_id: str) -> ErrorBody: ...

    def render_stream_error(self, error: GatewayError, request_id: str) -> bytes:
        """The events that end a stream which has already begun."""


class StreamCodec(Protocol):
    """A backend's protocol that knows no other answer than a stream."""

    def render_request(self, request: ir.Request, model: str) -> bytes:
        """Raises Untranslatable."""

    def parse_error(self, status: int, body: bytes) -> BackendError:
        """The upstream's refusal (a status of 300 or more) as an error with its kind."""

    def stream_parser(self) -> StreamParser: ...


class BackendCodec(StreamCodec, Protocol):
    """A backend's protocol that has whole answers too."""

    def parse_completion(self, body: bytes) -> ir.Completion:
        """Raises BackendError (`upstream_invalid_response`)."""
