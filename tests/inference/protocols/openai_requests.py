"""Chat completions requests, read as a client's and rendered for an upstream."""

import json
from typing import Any

import msgspec

from inference import ir
from inference.protocols.codec import Aim, Rendered
from inference.protocols.openai_chat import parse_request, render_request
from inference.protocols.profiles import profile_of
from inference.protocols.warnings import Warnings

HELLO: dict[str, Any] = {"role": "user", "content": "Hello"}
ASKED = ir.Request("asked", (ir.Message("user", (ir.Text("Hello"),)),))


def parsed(**fields: Any) -> ir.Request:
    return parse_request(json.dumps({"model": "m", "messages": [HELLO], **fields}).encode(), Warnings())


def conversation(*messages: dict[str, Any]) -> tuple[ir.Message, ...]:
    return parsed(messages=list(messages)).messages


def parse_warnings(**fields: Any) -> list[tuple[str, str]]:
    """What reading the request warns of."""
    warnings = Warnings()
    parse_request(json.dumps({"model": "m", "messages": [HELLO], **fields}).encode(), warnings)
    return list(warnings)


def render(model: str = "m", *, profile: dict[str, Any] | None = None, **fields: Any) -> tuple[Rendered, Warnings]:
    """`profile` holds what an operator says of the model."""
    aim = Aim(model, profile_of("openai_chat", model, profile or {}))
    return render_request(msgspec.structs.replace(ASKED, **fields), aim), aim.warnings


def rendered(model: str = "m", *, profile: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render(model, profile=profile, **fields)[0].body)
    return found


def rendered_messages(*messages: ir.Message, model: str = "m", **profile: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rendered(model, profile=profile, messages=messages)["messages"]
    return found


def render_warnings(model: str = "m", *, profile: dict[str, Any] | None = None, **fields: Any) -> list[tuple[str, str]]:
    """What rendering the request warns of."""
    return list(render(model, profile=profile, **fields)[1])
