"""What is known of models by their names. What an operator says of one goes before it: `routing.profile.adjusted`."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from routing.profile import Profile, adjusted

CLAUDE = re.compile(
    r"(?:anthropic[./])?claude-(?:(?P<family>opus|sonnet|haiku|[a-z]+)-(?P<major>\d+)(?:[.-](?P<minor>\d{1,2})(?!\d))?"
    r"|(?P<old_major>[1-3])(?:[.-](?P<old_minor>\d))?|instant)"
)
OPENAI = re.compile(r"(?:openai/)?(?:gpt-(?!oss)|chatgpt-|o\d|codex-)")
# Reasoning together with function tools is refused from here on.
LATE_GPT = re.compile(r"(?:openai/)?gpt-(?:5\.(?:[4-9]|\d\d)|[6-9]|\d\d)")
OPENAI_REASONING = re.compile(r"(?:openai/)?(?:o\d|gpt-[5-9]|codex-)")

ANTHROPIC = Profile(thinking_modes=("enabled", "adaptive", "disabled"), sampling="one")
CLAUDE_3 = Profile(
    thinking_modes=("enabled", "disabled"),
    effort_levels=(),
    sampling="one",
    structured_outputs=False,
    strict_tools=False,
    context_window=200_000,
)
CLAUDE_4 = msgspec.structs.replace(CLAUDE_3, max_output=32_000)
CLAUDE_4_5 = msgspec.structs.replace(CLAUDE_4, structured_outputs=True, strict_tools=True, max_output=64_000)
CLAUDE_4_6 = Profile(
    thinking_modes=("adaptive", "enabled", "disabled"),
    effort_levels=("low", "medium", "high", "max"),
    sampling="one",
    prefill=False,
    max_output=64_000,
)
CLAUDE_4_7 = msgspec.structs.replace(
    CLAUDE_4_6,
    thinking_modes=("adaptive", "disabled"),
    effort_levels=("low", "medium", "high", "xhigh", "max"),
    sampling="none",
    top_k=False,
)
CLAUDE_4_8 = msgspec.structs.replace(CLAUDE_4_7, mid_system=True)

GENUINE = Profile(
    max_tokens_field="max_completion_tokens",
    top_k=False,
    null_content=True,
    reasoning_field=None,
    effort_levels=("none", "minimal", "low", "medium", "high"),
    max_stops=4,
    user_field="safety_identifier",
    prompt_cache_key=True,
    service_tier=True,
)
GENUINE_REASONING = msgspec.structs.replace(GENUINE, system_role="developer", sampling="none")
GENUINE_LATE = msgspec.structs.replace(
    GENUINE_REASONING,
    effort_levels=("none", "low", "medium", "high", "xhigh"),
    reasoning_effort_with_tools=False,
)
COMPATIBLE = Profile(effort_levels=("low", "medium", "high"))


def profile_of(protocol: str, model: str, overrides: Mapping[str, Any]) -> Profile:
    """Raises ValueError for overrides that are none; the configuration admits no such row."""
    known = built_in(protocol, model)
    return adjusted(known, overrides) if overrides else known


@lru_cache(maxsize=1024)
def built_in(protocol: str, model: str) -> Profile:
    match protocol:
        case "anthropic_messages":
            return claude(model)
        case "openai_chat":
            return gpt(model)
        case _:
            return Profile()


def claude(model: str) -> Profile:
    """By generation; of a name that tells none, anything may be true."""
    named = CLAUDE.match(model)
    if named is None:
        return ANTHROPIC
    if named["major"] is None:
        return CLAUDE_3
    generation = int(named["major"]), int(named["minor"] or 0)
    if generation < (4, 1):
        return CLAUDE_4 if generation >= (4, 0) else CLAUDE_3
    if generation <= (4, 5):
        return CLAUDE_4_5
    if generation == (4, 6):
        return CLAUDE_4_6
    return CLAUDE_4_7 if generation == (4, 7) else CLAUDE_4_8


def gpt(model: str) -> Profile:
    if not OPENAI.match(model):
        return COMPATIBLE
    if LATE_GPT.match(model):
        return GENUINE_LATE
    return GENUINE_REASONING if OPENAI_REASONING.match(model) else GENUINE
