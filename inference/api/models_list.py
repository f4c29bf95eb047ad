"""`/v1/models`: the models a key can name, in a shape that clients of both protocols read."""

from typing import Any

from inference.api.identity import ANTHROPIC, client_protocol
from inference.api.requests import ApiRequest
from inference.errors import GatewayError, Kind

DEFAULT_PAGE = 20
LARGEST_PAGE = 1000


def entry(name: str) -> dict[str, Any]:
    """Both vendors' keys at once. When a model was made nobody told us."""
    return {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": "mlxmanager",
        "type": "model",
        "display_name": name,
        "created_at": "1970-01-01T00:00:00Z",
        "lifecycle": "active",
    }


def model_page(request: ApiRequest) -> dict[str, Any]:
    """Every model for an OpenAI client, one page for an Anthropic one."""
    names = request.gateway.names(request.client)
    page, more = cut(request, names) if client_protocol(request) == ANTHROPIC else (names, False)
    return {
        "object": "list",
        "data": [entry(name) for name in page],
        "has_more": more,
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }


def cut(request: ApiRequest, names: list[str]) -> tuple[list[str], bool]:
    """The page that `limit`, `after_id` and `before_id` name, and whether there is more in that direction."""
    limit = page_size(request.GET.get("limit", str(DEFAULT_PAGE)))
    if "before_id" in request.GET:
        before = names[: position(names, request.GET["before_id"], "before_id")]
        return before[-limit:], len(before) > limit
    start = position(names, request.GET["after_id"], "after_id") + 1 if "after_id" in request.GET else 0
    return names[start : start + limit], len(names) > start + limit


def page_size(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LARGEST_PAGE:
        return int(text)
    raise GatewayError(Kind.INVALID_VALUE, f"limit: a whole number from 1 to {LARGEST_PAGE}.", param="limit")


def position(names: list[str], name: str, param: str) -> int:
    try:
        return names.index(name)
    except ValueError:
        raise GatewayError(Kind.INVALID_VALUE, f"{param}: no such model.", param=param) from None


def one_model(request: ApiRequest, name: str) -> dict[str, Any]:
    """Any name this key may use and that something answers, also one that only a glob matches."""
    request.gateway.route(name, request.client)
    return entry(name)
