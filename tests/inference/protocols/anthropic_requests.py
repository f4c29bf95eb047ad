"""Requests in the neutral form, as an Anthropic upstream gets them."""

import json
from collections.abc import Mapping
from typing import Any

from inference import ir
from inference.protocols.anthropic_messages import render_request
from inference.protocols.codec import Aim, Rendered
from inference.protocols.profiles import profile_of
from inference.protocols.warnings import Warnings

NEWEST = "claude-opus-5"
BUDGETED = "claude-sonnet-4-5"
HELLO = ir.Message("user", (ir.Text("Hello"),))
TOOL = ir.Tool("f", {"type": "object", "properties": {}})


def aim(model: str, overrides: Mapping[str, Any] | None = None, *, strict: bool = False) -> Aim:
    return Aim(model, profile_of("anthropic_messages", model, overrides or {}), Warnings(strict=strict))


def request(**fields: Any) -> ir.Request:
    return ir.Request("asked", **{"messages": (HELLO,), **fields})


def whole(model: str = NEWEST, overrides: Mapping[str, Any] | None = None, **fields: Any) -> Rendered:
    return render_request(request(**fields), aim(model, overrides))


def rendered(model: str = NEWEST, overrides: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Of a request that needs no warning."""
    found: dict[str, Any] = json.loads(render_request(request(**fields), aim(model, overrides, strict=True)).body)
    return found


def warned(
    model: str = NEWEST, overrides: Mapping[str, Any] | None = None, **fields: Any
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    aimed = aim(model, overrides)
    return json.loads(render_request(request(**fields), aimed).body), list(aimed.warnings)


def said(*blocks: ir.Block) -> dict[str, Any]:
    """One user turn as a field of a request."""
    return {"messages": (ir.Message("user", blocks),)}
