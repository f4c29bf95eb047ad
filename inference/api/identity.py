"""What is known of a request before its body is read: its id, the protocol it speaks and the key it shows."""

import secrets

from django.core.handlers.asgi import ASGIRequest

OPENAI = "openai_chat"
ANTHROPIC = "anthropic_messages"


def new_request_id() -> str:
    return f"req_{secrets.token_hex(12)}"


def client_protocol(request: ASGIRequest) -> str:
    """By the path; for addresses both protocols share, by the header only Anthropic clients send."""
    if is_messages(request.path):
        return ANTHROPIC
    shared = request.path.startswith("/v1/models") or request.resolver_match is None
    return ANTHROPIC if shared and "HTTP_ANTHROPIC_VERSION" in request.META else OPENAI


def is_messages(path: str) -> bool:
    return path == "/v1/messages" or path.startswith("/v1/messages/")


def presented_key(request: ASGIRequest) -> str | None:
    """The client key the request shows.

    Where `x-api-key` and `Authorization` differ, the one that the path's protocol prefers counts, and the other is
    not tried when it fails. Where there is neither, `api-key` counts, as clients made for Azure have it.
    """
    api_key = request.META.get("HTTP_X_API_KEY", "").strip() or None
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
    bearer = token.strip() or None if scheme.lower() == "bearer" else None
    preferred = (api_key, bearer) if is_messages(request.path) else (bearer, api_key)
    return next(filter(None, preferred), None) or request.META.get("HTTP_API_KEY", "").strip() or None
