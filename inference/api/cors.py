"""Lets the pages of listed origins call `/v1` from a browser (MLXMANAGER_CORS_ORIGINS).

A page shows its client key as any client does. Cookies are ignored here, so credentials are never allowed.
"""

import re
from collections.abc import Collection

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse

from inference.api.requests import Message, Send

METHODS = "GET, POST"
HEADER_NAMES = re.compile(r"[A-Za-z0-9_, -]*")
PREFLIGHT_SECONDS = "600"


def is_preflight(request: ASGIRequest, origins: Collection[str]) -> bool:
    """Whether a browser asks on behalf of a listed origin's page. It shows no key then."""
    asks = request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META
    return asks and request.META.get("HTTP_ORIGIN") in origins


def preflight(request: ASGIRequest) -> HttpResponse:
    """Any header may be sent: the vendors' SDKs have a dozen of their own, and what travels on is decided elsewhere."""
    response = HttpResponse(content_type="text/plain")
    response["access-control-allow-methods"] = METHODS
    response["access-control-max-age"] = PREFLIGHT_SECONDS
    wanted = request.META.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")
    if wanted and HEADER_NAMES.fullmatch(wanted):
        response["access-control-allow-headers"] = wanted
    return response


def shared(request: ASGIRequest, origins: Collection[str], send: Send) -> Send:
    """`send`, adding what has a browser hand the answer, with all its headers, to a listed origin's page."""
    if not origins:
        return send
    origin = request.META.get("HTTP_ORIGIN", "")

    async def send_shared(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"vary", b"origin")]
            if origin in origins:
                exposed = b", ".join(name for name, _ in message["headers"])
                headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
                headers.append((b"access-control-expose-headers", exposed))
            message = {**message, "headers": headers}
        await send(message)

    return send_shared
