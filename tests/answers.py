"""What a test's upstream receives and what it sends back: a vendor's answer, or one that a test scripts."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from tests import vendor_answers

type Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came. Header names keep their spelling; `target` is the path with its query."""

    method: str
    target: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for given, value in self.headers if given.lower() == name), None)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send. `delay` comes before anything, `pause` before each chunk but the first, in seconds.

    `raw` replaces the HTTP answer. `endless` repeats the last chunk. After all of it the connection is kept for the
    next request (`keep`), closed, reset, or left open in silence (`hang`).
    """

    status: int = 200
    headers: Headers = (("content-type", "application/json"),)
    chunks: tuple[bytes, ...] = ()
    chunked: bool = False
    raw: bytes | None = None
    delay: float = 0
    pause: float = 0
    endless: bool = False
    ending: Literal["keep", "close", "reset", "hang"] = "keep"

    def head(self) -> bytes:
        names = {name for name, _ in self.headers}
        # Vendors and their edges answer with some that no standard names.
        phrase = HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else "-"
        lines = [f"HTTP/1.1 {self.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.chunked:
            lines.append("transfer-encoding: chunked")
        elif "content-length" not in names:
            lines.append(f"content-length: {sum(map(len, self.chunks))}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


HANG = Answer(raw=b"", ending="hang")
WEB_PAGE = Answer(headers=(("content-type", "text/html"),), chunks=(b"<html><body>Bad gateway</body></html>",))


def plain(body: object, *, status: int = 200, headers: Headers = (), **rest: Any) -> Answer:
    """An answer in JSON, or the bytes given."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, headers=(("content-type", "application/json"), *headers), chunks=(data,), **rest)


def events(*chunks: bytes, headers: Headers = (), **rest: Any) -> Answer:
    """A stream whose chunks are written one by one."""
    content_type = ("content-type", "text/event-stream; charset=utf-8")
    return Answer(headers=(content_type, *headers), chunks=chunks, chunked=True, **rest)


def refusal(status: int, body: object = None, *, headers: Headers = ()) -> Answer:
    """A refusal; without a body, one that the SDKs of both vendors understand."""
    error = {"type": "error", "message": f"refused with {status}", "code": None, "param": None}
    return plain(body or {"type": "error", "error": error}, status=status, headers=headers)


def vendor_answer(received: Received) -> Answer:
    path = received.target.partition("?")[0]
    request = received.json() if received.body else {}
    if path.endswith("/chat/completions"):
        if request.get("stream"):
            return events(*vendor_answers.openai_chat_events(request), headers=(("x-request-id", "req_upstream1"),))
        return plain(vendor_answers.openai_chat(request), headers=(("x-request-id", "req_upstream1"),))
    if path.endswith("/messages"):
        if request.get("stream"):
            chunks = vendor_answers.anthropic_message_events(request)
            return events(*chunks, headers=(("request-id", "req_upstream1"),))
        return plain(vendor_answers.anthropic_message(request), headers=(("request-id", "req_upstream1"),))
    if path.endswith("/messages/count_tokens"):
        return plain({"input_tokens": vendor_answers.INPUT_TOKENS})
    if path.endswith("/embeddings"):
        return plain(vendor_answers.openai_embeddings(request))
    if path.endswith("/models"):
        return plain({"object": "list", "data": [{"id": "upstream-model", "object": "model"}], "has_more": False})
    return refusal(404)
