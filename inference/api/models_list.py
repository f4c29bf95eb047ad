"""`/v1/models`: the models a key can name, in a shape that clients of both protocols read."""

from datetime import UTC, datetime
from typing import Any

from inference.api.identity import ANTHROPIC, client_protocol
from inference.api.requests import ApiRequest
from inference.errors import GatewayError, Kind
from inference.model_facts import ModelFacts

DEFAULT_PAGE = 20
LARGEST_PAGE = 1000
# Of models elsewhere nobody told us when they were made.
UNKNOWN = ModelFacts(0, None)
LIFECYCLES = frozenset({"active", "deprecated", "retired"})


def entry(name: str, facts: ModelFacts) -> dict[str, Any]:
    """Both vendors' keys at once."""
    made = datetime.fromtimestamp(facts.installed, UTC)
    limits = {} if facts.window is None else {"max_input_tokens": facts.window, "max_tokens": facts.window}
    return {
        "id": name,
        "object": "model",
        "created": facts.installed,
        "owned_by": "mlxmanager",
        "type": "model",
        "display_name": name,
        "created_at": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": "active",
        **limits,
    }


def facts_of(request: ApiRequest, name: str) -> ModelFacts:
    """Those of the installed model that answers to the name, if one does."""
    route = request.gateway.find_route(name)
    if route is None or not route.targets or route.targets[0].backend != "local":
        return UNKNOWN
    return request.gateway.installed.models.get(route.targets[0].model, UNKNOWN)


def model_page(request: ApiRequest) -> dict[str, Any]:
    """Every model for an OpenAI client, one page for an Anthropic one."""
    names = request.gateway.names(request.client)
    more = False
    if client_protocol(request) == ANTHROPIC:
        names, more = cut(request, names) if wants_active(request) else ([], False)
    return {
        "object": "list",
        "data": [entry(name, facts_of(request, name)) for name in names],
        "has_more": more,
        "first_id": names[0] if names else None,
        "last_id": names[-1] if names else None,
    }


def wants_active(request: ApiRequest) -> bool:
    """Whether the stages asked for, as a list in either of its spellings, hold the one that all our models are in."""
    stages = [*request.query.getlist("lifecycle"), *request.query.getlist("lifecycle[]")]
    if not LIFECYCLES.issuperset(stages):
        message = f"lifecycle: any of {', '.join(sorted(LIFECYCLES))}."
        raise GatewayError(Kind.INVALID_VALUE, message, param="lifecycle")
    return not stages or "active" in stages


def cut(request: ApiRequest, names: list[str]) -> tuple[list[str], bool]:
    """The page that `limit`, `after_id` and `before_id` name, and whether there is more in that direction."""
    limit = page_size(request.query.get("limit", str(DEFAULT_PAGE)))
    if "before_id" in request.query:
        before = names[: position(names, request.query.get("before_id", ""), "before_id")]
        return before[-limit:], len(before) > limit
    start = position(names, request.query.get("after_id", ""), "after_id") + 1 if "after_id" in request.query else 0
    return names[start : start + limit], len(names) > start + limit


def page_size(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LARGEST_PAGE:
        return int(text)
    raise GatewayError(Kind.INVALID_VALUE, f"A page has 1 to {LARGEST_PAGE} models.", param="limit")


def position(names: list[str], name: str, param: str) -> int:
    try:
        return names.index(name)
    except ValueError:
        raise GatewayError(Kind.INVALID_VALUE, "There is no such model.", param=param) from None


def one_model(request: ApiRequest, name: str) -> dict[str, Any]:
    """Any name this key may use and that something answers, also one that only a glob matches."""
    request.gateway.route(name, request.client)
    return entry(name, facts_of(request, name))
