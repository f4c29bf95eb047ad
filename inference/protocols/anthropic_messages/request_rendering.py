"""The neutral form to a messages request for an upstream."""

import re

import msgspec

from inference import ir
from inference.errors import Untranslatable
from inference.ir import JSON
from inference.protocols.anthropic_messages.content_rendering import ContentRenderer
from inference.protocols.anthropic_messages.output_format import shaped
from inference.protocols.anthropic_messages.reasoning import always_thinks, reconciled, render_reasoning
from inference.protocols.anthropic_messages.sampling import render_sampling, render_stop
from inference.protocols.anthropic_messages.tool_rendering import render_tools
from inference.protocols.anthropic_messages.turns import arranged
from inference.protocols.codec import Aim, Rendered
from inference.protocols.names import digest, refitted

LONGEST_USER = 256
# An e-mail address or a telephone number is refused.
PERSONAL = re.compile(r"[@\s]|\+?[\d()./-]{7,}")
# From OpenAI's words. The dearer ones have no counterpart that a client could ask for.
SERVICE_TIERS = {"auto": "auto", "default": "standard_only", "priority": "auto", "fast": "auto"}
KEPT_TIERS = frozenset({"auto", "default"})


def render_request(request: ir.Request, aim: Aim) -> Rendered:
    """Raises Untranslatable."""
    refuse(request)
    request = reconciled(request, aim)
    turns = arranged(request.messages, aim)
    body: dict[str, JSON] = {"model": aim.model, **render_reasoning(request, turns, aim)}
    thinks = body["thinking"]["type"] != "disabled" if "thinking" in body else always_thinks(aim.profile)
    answer = shaped(request, aim, thinks=thinks)
    request = answer.request
    if answer.format is not None:
        body["output_config"] = body.get("output_config", {}) | {"format": answer.format}
    body |= render_sampling(request.sampling, aim, thinks=thinks)
    body |= render_stop(request.stop, aim)
    body |= render_bookkeeping(request, aim)
    content = ContentRenderer(aim.profile)
    body |= render_tools(request, turns, aim, content=content)
    if system := [content.block(text) for text in request.system if text.text.strip()]:
        body["system"] = system
    body["messages"] = [content.turn(turn) for turn in turns]
    names = refitted(request.tools, aim.profile.tool_name_max)
    return Rendered(msgspec.json.encode(body), names, answer.answer_tool)


def refuse(request: ir.Request) -> None:
    """What no Anthropic model can be asked for, under the names that OpenAI's clients know."""
    for field, present in (("n", request.answers > 1), ("logprobs", request.logprobs is not None)):
        if present:
            raise Untranslatable("This cannot be kept by the backend that answers this model.", param=field)


def render_bookkeeping(request: ir.Request, aim: Aim) -> dict[str, JSON]:
    body: dict[str, JSON] = {}
    if request.stream:
        body["stream"] = True
    if request.user:
        body["metadata"] = {"user_id": opaque(request.user)}
    if request.service_tier is not None:
        if request.service_tier not in KEPT_TIERS:
            aim.warnings.add("service_tier", "unsupported")
        if tier := SERVICE_TIERS.get(request.service_tier):
            body["service_tier"] = tier
    return body


def opaque(user: str) -> str:
    return digest(user) if len(user) > LONGEST_USER or PERSONAL.search(user) else user
