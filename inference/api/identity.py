"""Who asks, in which protocol: what a request tells before its body is read."""

from inference.api.requests import ApiRequest

OPENAI = "openai_chat"
ANTHROPIC = "anthropic_messages"


def client_protocol(request: ApiRequest) -> str:
    """By the path; for addresses both protocols share, by the header only Anthropic clients send."""
    if is_messages(request.path):
        return ANTHROPIC
    shared = request.path.startswith("/v1/models") or request.match is None
    return ANTHROPIC if shared and "anthropic-version" in request.headers else OPENAI


def is_messages(path: str) -> bool:
    return path == "/v1/messages" or path.startswith("/v1/messages/")


def presented_key(request: ApiRequest) -> str | None:
    """The client key the request shows.

    Where `x-api-key` and `Authorization` differ, the one that the path's protocol prefers counts, and the other is
    not tried when it fails. Where there is neither, `api-key` counts, as clients made for Azure have it.
    """
    api_key = request.headers.get("x-api-key", "").strip() or None
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    bearer = token.strip() or None if scheme.lower() == "bearer" else None
    preferred = (api_key, bearer) if is_messages(request.path) else (bearer, api_key)
    return preferred[0] or preferred[1] or request.headers.get("api-key", "").strip() or None
