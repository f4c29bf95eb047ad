"""A request under `/v1`, and how its body is received. Not Django's: that one reads much that nobody asks here."""

import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from functools import cached_property
from typing import Any

from django.http import QueryDict
from django.urls import ResolverMatch

from inference.api.gateway import Gateway
from inference.course import Course
from inference.errors import GatewayError, Kind
from inference.key_limits import Standing
from routing.client import Client

type Message = MutableMapping[str, Any]  # As ASGI has it: the keys depend on the type.
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type App = Callable[..., Awaitable[None]]


class ClientGone(Exception):
    """The client left before its request was complete."""


class ApiRequest:
    """Has an id, the gateway that answers it and, once admitted, its body and the client its key belongs to.

    `path` ends in no slash; `match` is what answers there, None for nothing. `plain_headers` are as they came, names in
    lower case. `is_answered`: the first bytes of a stream may be on their way, so that nothing else can be said any
    more. `standing` is that of a client key with limits, and `charged` the tokens it was charged with so far.
    """

    client: Client
    body: bytes

    def __init__(self, scope: Message, gateway: Gateway) -> None:
        self.id = new_id()
        self.gateway = gateway
        self.method: str = scope["method"]
        self.path: str = scope["path"].rstrip("/")
        self.plain_headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        )
        self.headers = joined(self.plain_headers)
        self.match: ResolverMatch | None = None
        self.is_answered = False
        self.standing: Standing | None = None
        self.charged = 0
        self.course = Course(self.id)
        self.scope = scope

    @cached_property
    def query(self) -> QueryDict:
        """Raises SuspiciousOperation for one with too many fields."""
        return QueryDict(self.scope["query_string"].decode("utf-8", "replace"))

    @property
    def peer(self) -> str:
        """The address the request came from; empty where it came by no network."""
        client = self.scope.get("client")
        return client[0] if client else ""

    @property
    def http_version(self) -> str:
        return str(self.scope["http_version"])

    async def receive_body(self, receive: Receive, most: int) -> None:
        """Receive the body.

        It is counted as it arrives, so that neither a missing nor a wrong Content-Length lets more through.
        """
        self.check_content()
        announced = self.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > most:
            raise too_large(most)
        parts: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                raise too_large(most)
            more = message.get("more_body", False)
        self.body = b"".join(parts)

    def forget(self) -> None:
        """Let go of what only a view needs. The server keeps the headers too, and reads them no more."""
        self.body, self.plain_headers, self.headers = b"", (), {}
        self.scope["headers"].clear()

    def check_content(self) -> None:
        """A web page may send text/plain anywhere without asking, so JSON must say that it is JSON."""
        if self.method != "POST":
            return
        # JSON is UTF-8, whatever the parameters say.
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise GatewayError(Kind.UNSUPPORTED_MEDIA_TYPE, "The content type must be application/json.")
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise GatewayError(Kind.UNSUPPORTED_ENCODING, "A compressed body is not accepted.")


def new_id() -> str:
    """Later ones sort behind: the log's index of them grows at its end, where else a row would cost twice as much."""
    return f"req_{time.time_ns():016x}{os.urandom(4).hex()}"


def joined(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """By name. Of one that came more than once all values count: none may be hidden behind another."""
    values: dict[str, str] = {}
    for name, value in headers:
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def too_large(most: int) -> GatewayError:
    return GatewayError(Kind.REQUEST_TOO_LARGE, f"The body is larger than {most} bytes (MLXMANAGER_MAX_BODY).")
