"""Which headers of an upstream's answer the client gets with its own."""

from inference.backends.base import Reply

# Tells the same whichever protocol it came by.
UPSTREAM_ID = "x-upstream-request-id"
STREAM, WHOLE = "text/event-stream", "application/json"

type Headers = tuple[tuple[str, str], ...]


def answer_headers(reply: Reply, *, same: bool, stream: bool, warning: str) -> Headers:
    """`same`: client and upstream speak one protocol. `stream`: the client gets one. `warning`: ours, if not empty."""
    headers = (
        without_wrong_type(reply, stream=stream)
        if same
        else tuple(pair for pair in reply.headers if pair[0] == UPSTREAM_ID)
    )
    return (*headers, ("x-mlxmanager-warning", warning)) if warning else headers


def without_wrong_type(reply: Reply, *, stream: bool) -> Headers:
    """The upstream's content type holds for an answer in the form it gave, and where it tells that form."""
    told = dict(reply.headers).get("content-type", "").lower()
    if reply.is_stream == stream and told.startswith(STREAM if stream else WHOLE):
        return reply.headers
    return tuple(pair for pair in reply.headers if pair[0] != "content-type")
