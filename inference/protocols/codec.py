"""What a protocol offers. A client codec serves those who call us, a backend codec those we call.

A protocol is a package (or a module) that has these functions; `translate` joins a client codec and a backend codec
through the neutral form. Nothing here does input or output, and nothing knows the time: it is handed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from inference import ir
from inference.errors import GatewayError
from inference.protocols.warnings import Warnings
from routing.profile import Profile


class Memory(Protocol):
    """The thinking of earlier answers to a client, by the id of their first call."""

    def keep(self, call_id: str, blocks: Sequence[ir.Block]) -> None: ...

    def find(self, call_id: str) -> tuple[ir.Block, ...]: ...


@dataclass(frozen=True, slots=True)
class Aim:
    """What a request is rendered for: the model's name at the backend, and what is known of it and of the client."""

    model: str
    profile: Profile = field(default_factory=Profile)
    warnings: Warnings = field(default_factory=Warnings)
    memory: Memory | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A request for a backend, and what must be undone in its answer.

    `names` leads from tool names as they were sent to the client's own. The call of `answer_tool` is the answer itself:
    its arguments are the text that the client asked for.
    """

    body: bytes
    names: Mapping[str, str] = field(default_factory=dict)
    answer_tool: str | None = None


@dataclass(frozen=True, slots=True)
class Answering:
    """What a rendered answer needs beside its content.

    `model` is the name the client asked for, `created` is in Unix seconds. `input_tokens` is what the prompt is
    estimated at, until the backend says. `logprobs`: the client wants them. The rest is as in `ir.Request`.
    """

    request_id: str
    model: str
    created: int
    include_usage: bool = False
    shows_reasoning: bool = True
    custom_tools: frozenset[str] = frozenset()
    legacy_functions: bool = False
    input_tokens: int = 0
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """An error as one protocol shows it. `headers` such as `retry-after`, names in lower case."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class StreamParser(Protocol):
    """A backend's stream, pushed in as bytes cut anywhere. `is_ending`: no more of the answer will come."""

    @property
    def is_ending(self) -> bool: ...

    def feed(self, chunk: bytes) -> list[ir.Event]:
        """Raises BackendError for an error the stream carries, or for bytes that are not of the protocol."""

    def close(self) -> list[ir.Event]:
        """The stream has ended. Raises BackendError (`upstream_stream_truncated`) where it ended too early."""


class StreamRenderer(Protocol):
    """Events to the client's stream."""

    def render(self, events: ir.Events) -> bytes: ...


class ClientCodec(Protocol):
    """`KEEPALIVE` is what a stream may hold between any two events, to no effect."""

    @property
    def KEEPALIVE(self) -> bytes: ...

    def parse_request(self, body: bytes, warnings: Warnings) -> ir.Request:
        """Raises GatewayError naming the field."""

    def render_completion(self, completion: ir.Completion, answering: Answering) -> bytes: ...

    def stream_renderer(self, answering: Answering) -> StreamRenderer: ...

    def render_error(self, error: GatewayError, request_id: str) -> ErrorBody: ...

    def render_stream_error(self, error: GatewayError, request_id: str) -> bytes:
        """The events that end a stream which has already begun."""


class StreamCodec(Protocol):
    """A backend's protocol that knows no other answer than a stream."""

    def render_request(self, request: ir.Request, aim: Aim) -> Rendered:
        """Raises Untranslatable."""

    def stream_parser(self) -> StreamParser: ...


class BackendCodec(StreamCodec, Protocol):
    """A backend's protocol that has whole answers too."""

    def parse_completion(self, body: bytes) -> ir.Completion:
        """Raises BackendError (`upstream_invalid_response`)."""
