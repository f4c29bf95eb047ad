"""A client's chat completions request to the neutral form."""

import msgspec

from inference import ir
from inference.envelope import top_level
from inference.errors import GatewayError, Kind, Untranslatable
from inference.protocols.decoding import decode
from inference.protocols.openai_chat import shapes
from inference.protocols.openai_chat.message_parsing import parse_messages
from inference.protocols.openai_chat.sampling import parse_sampling
from inference.protocols.openai_chat.tool_parsing import parse_offer
from inference.protocols.warnings import Warnings

REQUEST = msgspec.json.Decoder(shapes.Request)
KNOWN = frozenset(shapes.Request.__struct_fields__)
MOST_ANSWERS = 128
MOST_CANDIDATES = 20
MOST = {"messages": 100_000, "tools": 1024, "functions": 1024}


def parse_request(body: bytes, warnings: Warnings) -> ir.Request:
    """Raises GatewayError naming the field."""
    asked = decode(REQUEST, body)
    check(asked)
    refuse(asked)
    weaken(asked, body, warnings)
    system, messages = parse_messages(asked.messages, warnings)
    offer = parse_offer(asked, warnings)
    return ir.Request(
        model=asked.model,
        messages=messages,
        system=system,
        tools=offer.tools,
        tool_choice=offer.choice,
        sampling=parse_sampling(asked),
        stop=tuple([asked.stop] if isinstance(asked.stop, str) else asked.stop or ()),
        max_tokens=asked.max_tokens if asked.max_completion_tokens is None else asked.max_completion_tokens,
        stream=bool(asked.stream),
        include_usage=bool(asked.stream_options and asked.stream_options.include_usage),
        reasoning=parse_reasoning(asked),
        user=asked.safety_identifier or asked.user,
        session=asked.prompt_cache_key,
        output=parse_output(asked.response_format),
        service_tier=asked.service_tier,
        custom_tools=offer.custom,
        legacy_functions=offer.legacy,
        answers=1 if asked.n is None else asked.n,
        logprobs=(asked.top_logprobs or 0) if asked.logprobs else None,
    )


# What is judged before it is read.


def check(asked: shapes.Request) -> None:
    if not asked.messages:
        raise GatewayError(Kind.INVALID_VALUE, "At least one message is required.", param="messages")
    for name, most in MOST.items():
        if len(getattr(asked, name) or ()) > most:
            raise GatewayError(Kind.INVALID_VALUE, f"There may be at most {most} of these.", param=name)
    for name in ("max_tokens", "max_completion_tokens"):
        limit = getattr(asked, name)
        if limit is not None and limit <= 0:
            raise GatewayError(Kind.INVALID_VALUE, "This field must be above 0.", param=name)
    if asked.n is not None:
        check_range("n", asked.n, least=1, most=MOST_ANSWERS)
    if asked.top_logprobs is not None:
        check_range("top_logprobs", asked.top_logprobs, least=0, most=MOST_CANDIDATES)
        if asked.top_logprobs and not asked.logprobs:
            raise GatewayError(Kind.INVALID_VALUE, "This field needs logprobs to be true.", param="top_logprobs")


def check_range(name: str, value: int, *, least: int, most: int) -> None:
    if not least <= value <= most:
        raise GatewayError(Kind.INVALID_VALUE, f"This field must be between {least} and {most}.", param=name)


def refuse(asked: shapes.Request) -> None:
    """What nobody but OpenAI could answer."""
    unsupported = {
        "modalities": "audio" in (asked.modalities or ()),
        "audio": asked.audio is not None,
        "moderation": blocks(asked.moderation),
    }
    for field, present in unsupported.items():
        if present:
            raise Untranslatable("This cannot be kept by the backend that answers this model.", param=field)


def blocks(moderation: shapes.Moderation | None) -> bool:
    """Whether the client relies on it to hold something back."""
    if moderation is None or moderation.policy is None:
        return False
    sides = (moderation.policy.input, moderation.policy.output)
    return any(side is not None and side.mode == "block" for side in sides)


def weaken(asked: shapes.Request, body: bytes, warnings: Warnings) -> None:
    """What is left out, and might have changed the answer."""
    for name in ("verbosity", "web_search_options", "moderation"):
        if getattr(asked, name) is not None:
            warnings.add(name, "unsupported")
    if asked.store:
        warnings.add("store", "unsupported")
    for name, value in top_level(body).items():
        if name not in KNOWN and bytes(value) != b"null":
            warnings.add(name, "unknown")


# Controls.


def parse_reasoning(asked: shapes.Request) -> ir.Reasoning | None:
    if asked.thinking is not None:
        return ir.Reasoning(enabled=asked.thinking.type in ("enabled", "adaptive"), budget=asked.thinking.budget_tokens)
    if asked.reasoning_effort is None:
        return None
    if asked.reasoning_effort == "none":
        return ir.Reasoning(enabled=False)
    return ir.Reasoning(enabled=True, effort=asked.reasoning_effort)


def parse_output(
    asked: shapes.TextFormat | shapes.ObjectFormat | shapes.SchemaFormat | None,
) -> ir.OutputFormat | None:
    match asked:
        case shapes.ObjectFormat():
            return ir.OutputFormat(path="response_format")
        case shapes.SchemaFormat(json_schema=wanted):
            return ir.OutputFormat(wanted.schema, wanted.name, wanted.strict, path="response_format")
        case _:
            return None
