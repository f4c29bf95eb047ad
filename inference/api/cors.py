"""Lets the pages of listed origins call `/v1` from a browser (MLXMANAGER_CORS_ORIGINS).

A page shows its client key as any client does. Cookies are ignored here, so credentials are never allowed.
"""

import re
from collections.abc import Collection

from inference.api.requests import ApiRequest, Message, Send
from inference.api.respond import Response

METHODS = "GET, POST"
HEADER_NAMES = re.compile(r"[A-Za-z0-9_, -]*")
PREFLIGHT_SECONDS = "600"


def is_preflight(request: ApiRequest, origins: Collection[str]) -> bool:
    """Whether a browser asks on behalf of a listed origin's page. It shows no key then."""
    asks = request.method == "OPTIONS" and "access-control-request-method" in request.headers
    return asks and request.headers.get("origin") in origins


def preflight(request: ApiRequest) -> Response:
    """Any header may be sent: the vendors' SDKs have a dozen of their own, and what travels on is decided elsewhere."""
    headers = {"access-control-allow-methods": METHODS, "access-control-max-age": PREFLIGHT_SECONDS}
    wanted = request.headers.get("access-control-request-headers", "")
    if wanted and HEADER_NAMES.fullmatch(wanted):
        headers["access-control-allow-headers"] = wanted
    return Response(b"", headers=headers)


def shared(request: ApiRequest, origins: Collection[str], send: Send) -> Send:
    """`send`, adding what has a browser hand the answer, with all its headers, to a listed origin's page."""
    if not origins:
        return send
    origin = request.headers.get("origin", "")

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
