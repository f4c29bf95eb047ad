"""The neutral form to a chat completions request for an upstream.

Fields are named as Anthropic's clients know them.
"""

import msgspec

from inference import ir
from inference.errors import Untranslatable
from inference.ir import JSON
from inference.protocols.codec import Aim, Rendered
from inference.protocols.names import NAME, digest, fit_name, refitted
from inference.protocols.openai_chat.message_rendering import render_messages
from inference.protocols.openai_chat.reasoning import render_effort
from inference.protocols.openai_chat.strictness import is_strict
from inference.protocols.openai_chat.tool_rendering import render_tools

# What a model does that is told nothing: to leave these out changes nothing.
DEFAULTS = {"temperature": 1, "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0}
EXTENSIONS = ("top_k", "min_p")
INSTRUCTION = "Answer with one JSON object and nothing else. It must fit this JSON schema:\n"


def render_request(request: ir.Request, aim: Aim) -> Rendered:
    """Raises Untranslatable."""
    request = instructed(request, aim)
    body: dict[str, JSON] = {"model": aim.model, "messages": list(render_messages(request, aim))}
    body |= render_limits(request, aim)
    body |= render_sampling(request.sampling, aim)
    body |= render_tools(request, aim)
    body |= render_output(request.output, aim)
    body |= render_effort(request, aim)
    body |= render_identity(request, aim)
    if request.stream:
        body["stream"] = True
        if aim.profile.stream_options:
            body["stream_options"] = {"include_usage": True}
    return Rendered(msgspec.json.encode(body), refitted(request.tools, aim.profile.tool_name_max))


def render_limits(request: ir.Request, aim: Aim) -> dict[str, JSON]:
    body: dict[str, JSON] = {}
    limit, most = request.max_tokens, aim.profile.max_output
    if limit is not None:
        if limit <= 0:
            raise Untranslatable("This must be above 0 for the backend that answers this model.", param="max_tokens")
        if most is not None and limit > most:
            aim.warnings.add("max_tokens", "clamped")
            limit = most
        body[aim.profile.max_tokens_field] = limit
    if request.stop:
        stops = aim.profile.max_stops
        if stops is not None and len(request.stop) > stops:
            # To send some of them would change where the answer ends.
            message = f"The backend that answers this model takes at most {stops}."
            raise Untranslatable(message, param="stop_sequences")
        body["stop"] = list(request.stop)
    return body


def render_sampling(sampling: ir.Sampling, aim: Aim) -> dict[str, JSON]:
    given = {name: value for name, value in msgspec.structs.asdict(sampling).items() if value is not None}
    left_out: tuple[str, ...] = () if aim.profile.top_k else EXTENSIONS
    if aim.profile.sampling == "none":
        left_out += (*DEFAULTS, "logit_bias")
    elif aim.profile.sampling == "one" and "temperature" in given:
        left_out += ("top_p",)
    for name in left_out:
        if name in given and given.pop(name) != DEFAULTS.get(name):
            aim.warnings.add(name, "unsupported")
    return given


def render_identity(request: ir.Request, aim: Aim) -> dict[str, JSON]:
    """Who asks, in which conversation, and how urgently."""
    profile = aim.profile
    body: dict[str, JSON] = {}
    if request.user and profile.user_field is not None:
        # Agents put a whole object there.
        body[profile.user_field] = request.user if NAME.fullmatch(request.user) else digest(request.user)
    if request.session and profile.prompt_cache_key:
        body["prompt_cache_key"] = digest(request.session)
    if request.service_tier and profile.service_tier:
        body["service_tier"] = request.service_tier
    return body


# The form of the answer.


def render_output(output: ir.OutputFormat | None, aim: Aim) -> dict[str, JSON]:
    if output is None:
        return {}
    if output.schema is None or not aim.profile.structured_outputs:
        return {"response_format": {"type": "json_object"}}
    strict = output.strict is not False and is_strict(output.schema)
    schema = {"name": fit_name(output.name), "schema": output.schema, "strict": strict}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def instructed(request: ir.Request, aim: Aim) -> ir.Request:
    """A model that cannot be held to a schema is told of it."""
    output = request.output
    if output is None or output.schema is None or aim.profile.structured_outputs:
        return request
    aim.warnings.add("output_config.format", "not_enforced")
    told = ir.Text(INSTRUCTION + msgspec.json.encode(output.schema).decode())
    return msgspec.structs.replace(request, system=(*request.system, told))
