"""Which headers travel on: a client's to an upstream, an upstream's to a client. What no table names stays behind."""

from collections.abc import Iterable, Mapping

from credentials.forwarding import OPT_IN
from routing.route import Upstream

type Headers = tuple[tuple[str, str], ...]

LONGEST_REQUEST_ID = 512

FORWARDED: Mapping[str, frozenset[str]] = {
    "openai_chat": frozenset({"content-type", "accept", "openai-beta", "x-client-request-id", "idempotency-key"}),
    "anthropic_messages": frozenset({"content-type", "accept", "anthropic-version", "anthropic-beta"}),
}

# What a credential may let through besides.
OPTIONAL: Mapping[str, frozenset[str]] = {
    "openai_chat": frozenset(OPT_IN["openai"]),
    "anthropic_messages": frozenset(OPT_IN["anthropic"]),
}

RELAYED: Mapping[str, frozenset[str]] = {
    "openai_chat": frozenset(
        {"content-type", "openai-processing-ms", "openai-version"}
        | {
            f"x-ratelimit-{figure}-{unit}"
            for figure in ("limit", "remaining", "reset")
            for unit in ("requests", "tokens")
        }
    ),
    "anthropic_messages": frozenset(
        {"content-type"}
        | {
            f"anthropic-ratelimit-{unit}-{figure}"
            for unit in ("requests", "tokens", "input-tokens", "output-tokens")
            for figure in ("limit", "remaining", "reset")
        }
    ),
}

UPSTREAM_REQUEST_ID: Mapping[str, str] = {"openai_chat": "x-request-id", "anthropic_messages": "request-id"}


def to_upstream(headers: Headers, upstream: Upstream, *, protocol: str) -> Headers:
    """What `Connection` names was meant for us alone."""
    names = FORWARDED[protocol] | OPTIONAL[protocol].intersection(upstream.forwarded_headers)
    names -= {word.strip().lower() for name, value in headers if name == "connection" for word in value.split(",")}
    sent = tuple((name, value) for name, value in headers if name in names and may_travel(name, value))
    return sent if upstream.allowed_betas is None else with_betas(sent, upstream.allowed_betas)


def with_betas(headers: Headers, beginnings: tuple[str, ...]) -> Headers:
    """With those betas alone that begin so: some servers refuse a request for a beta they do not know."""
    kept: list[tuple[str, str]] = []
    for name, value in headers:
        if name != "anthropic-beta":
            kept.append((name, value))
        elif betas := [beta for word in value.split(",") if (beta := word.strip()).startswith(beginnings)]:
            kept.append((name, ",".join(betas)))
    return tuple(kept)


def may_travel(name: str, value: str) -> bool:
    """What is not ASCII is read in two ways along the path, so it ends here."""
    return value.isascii() and (name != "x-client-request-id" or len(value) <= LONGEST_REQUEST_ID)


def to_client(headers: Iterable[tuple[str, str]], *, protocol: str) -> Headers:
    """The upstream's own request id comes last, as `x-upstream-request-id`."""
    names, own_id = RELAYED[protocol], UPSTREAM_REQUEST_ID[protocol]
    kept: list[tuple[str, str]] = []
    upstream_id: list[tuple[str, str]] = []
    for name, value in headers:
        if not (value.isascii() and value.isprintable()):
            continue
        if name in names:
            kept.append((name, value))
        elif name == own_id:
            upstream_id.append(("x-upstream-request-id", value))
    return (*kept, *upstream_id)
