"""What a model at a backend can do and how it wants to be asked, as frozen values. Imports no Django.

The built-in knowledge of names lies in `inference.protocols.profiles`; what an operator says of a model wins over it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

type ThinkingMode = Literal["adaptive", "enabled", "disabled"]
type Count = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
# A name that is too long keeps its beginning, with nine characters behind it that tell it from others.
type NameLength = Annotated[int, msgspec.Meta(ge=16, le=2**31 - 1)]
type Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_-]+\Z")]


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The defaults suit a model nobody knows: it is sent what was asked, and may refuse it itself.

    None for a number: not known. Fields that only one protocol has are ignored by the other.
    """

    # In tokens. `default_max_tokens` is sent where the client gave no limit and the protocol demands one.
    max_output: Count | None = None
    context_window: Count | None = None
    default_max_tokens: Count | None = None

    # What it may be sent. `sampling` is `one` where temperature and top_p exclude each other.
    images: bool = True
    image_urls: bool = True
    pdf: bool = True
    sampling: Literal["full", "one", "none"] = "full"
    top_k: bool = True
    structured_outputs: bool = True
    strict_tools: bool = True
    tool_name_max: NameLength = 64

    # Anthropic's protocol. `mid_system`: a system turn may stand among the others.
    thinking_modes: tuple[ThinkingMode, ...] = ("adaptive", "enabled", "disabled")
    effort_levels: tuple[Word, ...] = ("low", "medium", "high")
    prefill: bool = True
    mid_system: bool = False
    forced_tool_with_thinking: bool = False

    # OpenAI's protocol. `reasoning_field` is where an earlier turn's reasoning goes; None: it is left out.
    # `reasoning_effort` None: it may not think at all, so it is told what the client asks for and nothing else.
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    system_role: Literal["system", "developer"] = "system"
    string_content_only: bool = False
    null_content: bool = False
    reasoning_field: Literal["reasoning_content", "reasoning"] | None = "reasoning_content"
    reasoning_with_calls: bool = False
    reasoning_effort: bool | None = None
    reasoning_effort_with_tools: bool = True
    max_stops: Count | None = None
    user_field: Literal["safety_identifier", "user"] | None = None
    prompt_cache_key: bool = False
    prompt_cache_breakpoints: bool = False
    stream_options: bool = True
    service_tier: bool = False


def adjusted(profile: Profile, overrides: Mapping[str, Any]) -> Profile:
    """The profile with an operator's word on some of its fields. Raises ValueError naming what is wrong."""
    try:
        return msgspec.convert(msgspec.structs.asdict(profile) | dict(overrides), Profile)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


def check(overrides: Mapping[str, Any]) -> None:
    """Raises ValueError naming what is wrong."""
    adjusted(Profile(), overrides)
