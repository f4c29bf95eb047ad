"""A client's messages request to the neutral form."""

import re

import msgspec

from inference import ir
from inference.envelope import top_level
from inference.errors import GatewayError, Kind, Untranslatable
from inference.protocols.anthropic_messages import shapes
from inference.protocols.anthropic_messages.content_parsing import parse_messages, texts
from inference.protocols.anthropic_messages.tool_parsing import parse_tool_choice, parse_tools
from inference.protocols.decoding import decode
from inference.protocols.warnings import Warnings

REQUEST = msgspec.json.Decoder(shapes.Request)
# Differs with each request and would defeat every other backend's prefix cache.
BILLING_HEADER = "x-anthropic-billing-header"
MOST_MESSAGES = 100_000
MOST_TOOLS = 1024

READ = frozenset(shapes.Request.__struct_fields__)
# Without them the answer is the same.
IGNORED = frozenset({"cache_control", "diagnostics", "user_profile_id", "workspace_id"})
WEAKENED = frozenset(
    {"betas", "billing_policy", "compaction", "context_management", "fallback_credit_token", "fallbacks"}
)
REFUSED = frozenset({"container", "inference_geo", "mcp_servers", "thread"})
ABSENT = (b"null", b"[]")
# In OpenAI's words, which the neutral form has.
SERVICE_TIERS = {"auto": "auto", "standard_only": "default"}
# Claude Code names its session in what it says of the user, earlier versions in so many words.
NAMED_SESSION = re.compile(r"_session_([\w-]+)$")


class User(msgspec.Struct):
    session_id: str = ""


USER = msgspec.json.Decoder(User)


def parse_request(body: bytes, warnings: Warnings) -> ir.Request:
    """Raises GatewayError naming the field."""
    asked = decode(REQUEST, body)
    check(asked)
    judge_others(body, warnings)
    warn(asked, warnings)
    tools = parse_tools(asked, warnings)
    user = asked.metadata.user_id if asked.metadata else None
    return ir.Request(
        model=asked.model,
        messages=parse_messages(asked.messages, warnings),
        system=tuple(text for text in texts(asked.system) if not text.text.startswith(BILLING_HEADER)),
        tools=tools,
        tool_choice=parse_tool_choice(asked.tool_choice, tools),
        sampling=ir.Sampling(temperature=asked.temperature, top_p=asked.top_p, top_k=asked.top_k),
        stop=tuple(asked.stop_sequences or ()),
        max_tokens=asked.max_tokens,
        stream=bool(asked.stream),
        include_usage=True,
        reasoning=parse_reasoning(asked),
        shows_reasoning=shows_reasoning(asked.thinking),
        user=user,
        session=session_of(user),
        output=parse_output(asked),
        service_tier=SERVICE_TIERS.get(asked.service_tier or ""),
    )


def check(asked: shapes.Request) -> None:
    if not asked.messages:
        raise GatewayError(Kind.INVALID_VALUE, "At least one message is required.", param="messages")
    if len(asked.messages) > MOST_MESSAGES:
        raise GatewayError(Kind.INVALID_VALUE, f"At most {MOST_MESSAGES} messages are accepted.", param="messages")
    if len(asked.tools or ()) > MOST_TOOLS:
        raise GatewayError(Kind.INVALID_VALUE, f"At most {MOST_TOOLS} tools are accepted.", param="tools")
    if asked.max_tokens < 0:
        raise GatewayError(Kind.INVALID_VALUE, "This field must not be below 0.", param="max_tokens")


def judge_others(body: bytes, warnings: Warnings) -> None:
    """The fields we do not read."""
    for name, value in top_level(body).items():
        if name in READ or name in IGNORED or bytes(value) in ABSENT:
            continue
        if name in REFUSED:
            raise Untranslatable("Nobody but Anthropic can keep this.", param=name)
        warnings.add(name, "unsupported" if name in WEAKENED else "unknown")


def warn(asked: shapes.Request, warnings: Warnings) -> None:
    """Of what is weakened in the fields we do read."""
    if asked.speed == "fast":
        warnings.add("speed", "unsupported")
    if asked.output_config is not None and asked.output_config.task_budget is not None:
        warnings.add("output_config.task_budget", "unsupported")


def parse_reasoning(asked: shapes.Request) -> ir.Reasoning | None:
    effort = asked.output_config.effort if asked.output_config else None
    if asked.thinking is None:
        return ir.Reasoning(effort=effort) if effort else None
    thinks = asked.thinking.type in ("enabled", "adaptive")
    return ir.Reasoning(enabled=thinks, effort=effort, budget=asked.thinking.budget_tokens)


def shows_reasoning(thinking: shapes.Thinking | None) -> bool:
    return thinking is not None and thinking.type != "disabled" and thinking.display != "omitted"


def parse_output(asked: shapes.Request) -> ir.OutputFormat | None:
    if asked.output_config is not None and asked.output_config.format is not None:
        return ir.OutputFormat(asked.output_config.format.schema, path="output_config.format")
    return ir.OutputFormat(asked.output_format.schema, path="output_format") if asked.output_format else None


def session_of(user: str | None) -> str | None:
    if user is None:
        return None
    try:
        return USER.decode(user).session_id or None
    except (msgspec.DecodeError, RecursionError):
        named = NAMED_SESSION.search(user)
        return named[1] if named else None
