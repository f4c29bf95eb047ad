"""Exchanges that the vendors really had, and requests that agents really send; MLXMANAGER_TEST_DATA names the folder.

The Responses API is not spoken yet: its recordings (`resp-*`) and the requests of the one agent that uses nothing else
(`codex_*`) wait for it. Those of embeddings, text completions and token counts are no conversation, and stand apart.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.inference.exchanges import ANTHROPIC, OPENAI, Asked

PROTOCOLS = {"/v1/chat/completions": OPENAI, "/v1/messages": ANTHROPIC}
LATER = {"/v1/responses"}
APART = {"/v1/embeddings", "/v1/completions", "/v1/messages/count_tokens"}
# Where an agent's tool had a schema, its request was stored with this.
ELIDED = "…"


@dataclass(frozen=True)
class Recorded:
    """A request and what the vendor answered: a stream, or the whole body."""

    name: str
    protocol: str
    model: str
    request: bytes
    status: int
    answer: bytes
    is_stream: bool

    def __str__(self) -> str:
        return self.name

    @property
    def asked(self) -> Asked:
        return Asked(self.protocol, self.request, self.model)


def folder(name: str) -> Path:
    return Path(os.environ["MLXMANAGER_TEST_DATA"]) / name


@cache
def turns() -> tuple[tuple[str, dict[str, Any]], ...]:
    found: list[tuple[str, dict[str, Any]]] = []
    for path in sorted(folder("recordings").glob("*.json")):
        recorded = json.loads(path.read_text(encoding="utf-8"))["turns"]
        found += [(f"{path.stem}-{at}" if at else path.stem, turn) for at, turn in enumerate(recorded)]
    return tuple(found)


def recordings() -> list[Recorded]:
    """The conversations, each turn by itself."""
    return [read(name, turn) for name, turn in turns() if turn["path"] in PROTOCOLS]


def read(name: str, turn: dict[str, Any]) -> Recorded:
    is_stream = "events" in turn
    return Recorded(
        name=name,
        protocol=PROTOCOLS[turn["path"]],
        model=turn["request"]["model"],
        request=encoded(turn["request"]),
        status=turn["status"],
        answer=b"".join(event_bytes(event) for event in turn["events"]) if is_stream else encoded(turn["body"]),
        is_stream=is_stream,
    )


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def event_bytes(event: dict[str, str | None]) -> bytes:
    head = f"event: {event['event']}\n" if event["event"] else ""
    return f"{head}data: {event['data']}\n\n".encode()


@dataclass(frozen=True)
class AgentRequest:
    name: str
    asked: Asked

    def __str__(self) -> str:
        return self.name


def agent_requests() -> list[AgentRequest]:
    return list(read_agents())


def read_agents() -> Iterator[AgentRequest]:
    for path in sorted(folder("agent-requests").glob("*.json")):
        for at, sent in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            if sent["method"] == "POST" and sent["path"] in PROTOCOLS:
                body = with_schemas(sent["body"])
                yield AgentRequest(
                    f"{path.stem}-{at}", Asked(PROTOCOLS[sent["path"]], encoded(body), model=body["model"])
                )


def with_schemas(value: Any) -> Any:
    """With a schema again where it was elided."""
    if isinstance(value, dict):
        return {name: with_schemas(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_schemas(inner) for inner in value]
    return {"type": "object", "properties": {"x": {"type": "string"}}} if value == ELIDED else value
