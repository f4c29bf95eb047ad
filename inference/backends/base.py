"""What a backend is: a byte pipe that names the protocol it speaks."""

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from inference.intake import Intake, Reading
from routing.route import Target


class Call(msgspec.Struct, frozen=True):
    """One attempt's request, already in the backend's protocol.

    `endpoint` is the path below `/v1` in the backend's own protocol, as `chat/completions` or `messages`.
    An upstream is asked with GET where `body` is empty.
    `headers` are those the client sent that may travel on, names in lower case. `tenant` is the client key's id.
    Time limits are in seconds: `first_byte` until the answer begins, `idle` between two chunks.
    `last`: nobody else will be asked, so that a backend that comes back soon is worth waiting for.
    `is_batch`: nobody waits for the answer, and others may go first.
    """

    request_id: str
    endpoint: str
    body: bytes
    stream: bool
    headers: tuple[tuple[str, str], ...] = ()
    tenant: str = ""
    is_batch: bool = False
    first_byte: float = 60
    idle: float = 120
    last: bool = False


class Reply(Protocol):
    """A successful answer that has begun.

    `headers` are the upstream's, names in lower case, filtered for the client. `is_stream` tells whether
    `chunks` yields pieces of a stream or the whole plain answer. A failure while reading raises BackendError.
    """

    headers: tuple[tuple[str, str], ...]
    is_stream: bool

    def chunks(self) -> AsyncIterator[bytes]: ...

    def intake(self) -> Intake | Reading:
        """The same chunks, for who may be woken while it waits for them. Either is asked for once."""

    async def aclose(self) -> None:
        """Free what the attempt holds, at any point, more than once."""


class Backend(Protocol):
    protocol: str

    async def open(self, call: Call, target: Target) -> Reply:
        """Start one attempt. Raises BackendError. The caller must close the reply."""
