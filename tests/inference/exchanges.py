"""Requests as a client sends them, answers as a backend gives them, and what a client reads of an exchange."""

import json
from dataclasses import dataclass
from typing import Any

from inference import ir, translate
from inference.exchange import Translating
from inference.protocols import native
from inference.protocols.codec import Answering
from inference.protocols.folding import fold, unfold

OPENAI, ANTHROPIC, NATIVE = "openai_chat", "anthropic_messages", "native"
PAIRS = [(client, backend) for client in (OPENAI, ANTHROPIC) for backend in (OPENAI, ANTHROPIC, NATIVE)]
ANSWERING = Answering(request_id="req_up", model="target", created=1, include_usage=True)
COMPLETION = ir.Completion(
    id="",
    content=(ir.Thinking("hm"), ir.Text("Hé 👋"), ir.ToolUse("t", "f", {"x": 1})),
    stop_reason="tool_use",
    usage=ir.Usage(7, 5, 2),
)


# How an answer begins, goes on, and breaks.

HEADS = {
    OPENAI: b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n',
    ANTHROPIC: b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","usage":{}}}\n\n'
    b'event: ping\ndata: {"type":"ping"}\n\n',
    NATIVE: native.render_events([ir.Started(), ir.Ping()]),
}
CONTENTS = {
    OPENAI: b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}\n\n',
    ANTHROPIC: b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":'
    b'{"type":"text","text":"H"}}\n\n',
    NATIVE: native.render_events([ir.TextDelta("Hi")]),
}
ERRORS = {
    OPENAI: b'data: {"error":{"message":"busy","type":"overloaded_error","code":null}}\n\n',
    ANTHROPIC: b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n',
}


@dataclass(frozen=True)
class Asked:
    protocol: str
    body: bytes
    model: str = "asked"
    request_id: str = "req_1"
    created: int = 1790000000


def ask(protocol: str, **fields: Any) -> Asked:
    base: dict[str, Any] = {"model": "asked", "messages": [{"role": "user", "content": "Hello"}]}
    if protocol == ANTHROPIC:
        base |= {"max_tokens": 9, "thinking": {"type": "adaptive"}}
    return Asked(protocol, json.dumps(base | fields).encode())


def streamed(backend: str, completion: ir.Completion) -> bytes:
    """The answer as the backend streams it."""
    events = unfold(completion)
    if backend == NATIVE:
        return native.render_events(events[:2]) + native.render_events(events[2:])
    codec = translate.CLIENT_CODECS[backend]
    return codec.stream_renderer(ANSWERING).render(events)


def whole(protocol: str, completion: ir.Completion) -> bytes:
    return translate.CLIENT_CODECS[protocol].render_completion(completion, ANSWERING)


def run(stream: Translating, parts: list[bytes]) -> bytes:
    return b"".join(stream.feed(part) for part in parts) + stream.end()


def read_stream(protocol: str, stream: bytes) -> ir.Completion:
    parser = translate.BACKEND_CODECS[protocol].stream_parser()
    return fold([*parser.feed(stream), *parser.close()])
