"""What stands between a client and a backend for one attempt: the request goes one way, the answer the other."""

from typing import Never, Protocol

from inference import ir
from inference.errors import GatewayError
from inference.protocols.warnings import Warnings


class Asked(Protocol):
    """A client's request as it came. `created` is in Unix seconds."""

    @property
    def request_id(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def model(self) -> str: ...
    @property
    def created(self) -> int: ...


class Translating(Protocol):
    """A backend's answer, pushed in as bytes cut anywhere, to the client's stream.

    What merely begins an answer is held back until there is content: an error may then still lead to another target.
    `is_ending`: the answer is complete, and nothing is awaited but its usage and the end of the stream. `progress`
    grows with the answer. `keepalive` tells the client that the stream is alive, between any two of the parts. `usage`
    is what the answer has told so far, None for nothing.
    """

    @property
    def is_ending(self) -> bool: ...
    @property
    def progress(self) -> int: ...
    @property
    def keepalive(self) -> bytes: ...
    @property
    def usage(self) -> ir.Usage | None: ...

    def feed(self, chunk: bytes) -> bytes:
        """Raises BackendError."""

    def release(self) -> bytes:
        """What is held, for a client that shall wait no longer."""

    def end(self) -> bytes:
        """Raises BackendError where the answer ended too early."""

    def fail(self, error: GatewayError) -> bytes:
        """The events that end a stream which has begun."""


class Exchange(Protocol):
    """One attempt: the request as the backend gets it, and the way back for its answer.

    `endpoint` is the path below `/v1` at the backend. `passes`: the client speaks the backend's own protocol, so that
    headers and refusals pass too. `usage` is what a plain answer has told, None for nothing.
    """

    endpoint: str
    passes: bool
    request: bytes
    warnings: Warnings

    @property
    def usage(self) -> ir.Usage | None: ...

    def plain(self, body: bytes, *, is_stream: bool) -> bytes:
        """The client's whole answer, from one that the backend gave whole or as a stream. Raises BackendError."""

    def stream(self, is_stream: bool) -> Translating:
        """The client's stream, from an answer that the backend streams or gives whole."""


class WholeExchange:
    """What the local worker answers whole, and what costs no tokens unless an answer sets them."""

    passes = False

    def __init__(self, warnings: Warnings) -> None:
        self.warnings = warnings
        self.usage: ir.Usage | None = None

    def stream(self, is_stream: bool) -> Never:  # noqa: ARG002 - the protocol's signature
        raise AssertionError("Nobody asks for a stream of this.")
