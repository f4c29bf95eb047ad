"""A client's protocol beside a backend's: the one place where these tests enter the translation."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from inference import translate
from inference.errors import BackendError, GatewayError, Kind
from tests.inference.exchanges import ANTHROPIC, NATIVE, OPENAI, Asked

CLIENTS = (OPENAI, ANTHROPIC)


@dataclass(frozen=True)
class Backend:
    """A backend's protocol, and a model there that wants to be asked in a way of its own.

    `extras` are fields that this model takes although the vendor's newest types do not have them.
    """

    protocol: str
    model: str
    extras: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.protocol}:{self.model}"


BACKENDS = (
    Backend(OPENAI, "gpt-5.1"),
    Backend(OPENAI, "qwen3-coder", frozenset({"reasoning_content", "top_k", "min_p"})),
    Backend(ANTHROPIC, "claude-sonnet-4-5", frozenset({"temperature", "top_p", "top_k"})),
    Backend(ANTHROPIC, "claude-opus-4-8"),
    Backend(NATIVE, "mlxmanager/demo"),
)


class Stream(Protocol):
    """As much of a client's stream as these tests need."""

    def feed(self, chunk: bytes) -> bytes: ...

    def end(self) -> bytes: ...

    def fail(self, error: GatewayError) -> bytes: ...


class Exchange(Protocol):
    """As much of an attempt."""

    @property
    def request(self) -> bytes: ...
    @property
    def warnings(self) -> Iterable[tuple[str, str]]: ...

    def plain(self, body: bytes, *, is_stream: bool) -> bytes: ...

    def stream(self, is_stream: bool) -> Stream: ...


def begin(asked: Asked, backend: Backend) -> Exchange:
    """Raises GatewayError."""
    return translate.begin(asked, backend.protocol, backend.model)


def backend_of(protocol: str) -> Backend:
    """One that an answer of this protocol may have come from."""
    return next(backend for backend in BACKENDS if backend.protocol == protocol)


@dataclass(frozen=True)
class Relayed:
    """What a client got of a stream; `error` is why it ended early."""

    sent: bytes
    error: Kind | None = None

    @property
    def content(self) -> bytes:
        """Without the error that ended it."""
        return re.split(rb'event: error\n|data: \{"error":', self.sent)[0]


def relay(stream: Stream, *parts: bytes) -> Relayed:
    """As the gateway relays: nothing is held once a part was sent, and a failure becomes the protocol's error event."""
    sent = b""
    try:
        for part in parts:
            sent += stream.feed(part)
        return Relayed(sent + stream.end())
    except BackendError as error:
        return Relayed(sent + stream.fail(error), error.kind)
