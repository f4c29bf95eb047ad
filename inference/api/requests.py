"""A request under `/v1`, and how its body is received."""

from collections.abc import Awaitable, Callable, MutableMapping
from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIRequest

from inference.api.gateway import Gateway
from inference.api.identity import new_request_id
from inference.errors import GatewayError, Kind
from inference.meter import Course
from routing.client import Client

type Message = MutableMapping[str, Any]  # As ASGI has it: the keys depend on the type.
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type App = Callable[..., Awaitable[None]]


# Django wants a stream to read the body from; ours is received with `receive_body`.
NO_STREAM = BytesIO()


class ClientGone(Exception):
    """The client left before its request was complete."""


class ApiRequest(ASGIRequest):
    """Has an id, the gateway that answers it and, once admitted, the client its key belongs to.

    `is_answered`: the first bytes of a stream may be on their way, so that nothing else can be said any more.
    """

    client: Client

    def __init__(self, scope: Message, gateway: Gateway) -> None:
        query = scope["query_string"].decode("utf-8", "replace")
        super().__init__({**scope, "query_string": query}, NO_STREAM)
        self.id = new_request_id()
        self.gateway = gateway
        self.is_answered = False
        self.course = Course()
        self.path = self.path_info = self.path.rstrip("/")

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        """Django parses the parameters too, and raises for odd ones; JSON is UTF-8 whatever they say."""
        self.content_type = meta.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        self.content_params = {}

    @property
    def plain_headers(self) -> tuple[tuple[str, str], ...]:
        """As they came, names in lower case."""
        return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.scope["headers"])

    async def receive_body(self, receive: Receive, most: int) -> None:
        """Receive the body to where `request.body` finds it.

        It is counted as it arrives, so that neither a missing nor a wrong Content-Length lets more through.
        """
        self.check_content()
        announced = self.META.get("CONTENT_LENGTH", "")
        too_large = GatewayError(Kind.REQUEST_TOO_LARGE, f"The body is larger than {most} bytes (MLXMANAGER_MAX_BODY).")
        if announced.isdigit() and int(announced) > most:
            raise too_large
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
                raise too_large
            more = message.get("more_body", False)
        self._body = b"".join(parts)

    def check_content(self) -> None:
        """A web page may send text/plain anywhere without asking, so JSON must say that it is JSON."""
        if self.method != "POST":
            return
        if self.content_type != "application/json":
            raise GatewayError(Kind.UNSUPPORTED_MEDIA_TYPE, "The content type must be application/json.")
        if self.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
            raise GatewayError(Kind.UNSUPPORTED_ENCODING, "A compressed body is not accepted.")
