"""What is known of models by their names. What an operator says of one goes before it: `routing.profile.adjusted`."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from routing.profile import Profile, adjusted

CLAUDE = re.compile(
    r"(?:(?:[a-z-]+\.)?anthropic[./])?claude-(?:"
    r"(?P<family>[a-z]+)-(?P<major>\d+)(?:[.-](?P<minor>\d{1,2})(?!\d))?|(?P<preview>[a-z]+-preview)|[1-3]|instant)"
)
# Of the latest generations these know no system turn among the others.
NO_MID_SYSTEM = frozenset({"sonnet", "haiku"})

ANTHROPIC = Profile(thinking_modes=("enabled", "adaptive", "disabled"), sampling="one")
CLAUDE_3 = Profile(
    thinking_modes=("enabled", "disabled"),
    effort_levels=(),
    sampling="one",
    tool_name_max=128,
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
    tool_name_max=128,
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

# OpenAI's own, from here on.
GENUINE = Profile(
    max_tokens_field="max_completion_tokens",
    top_k=False,
    null_content=True,
    reasoning_field=None,
    reasoning_effort=False,
    effort_levels=(),
    max_stops=4,
    user_field="safety_identifier",
    prompt_cache_key=True,
    service_tier=True,
)
REASONING = msgspec.structs.replace(
    GENUINE,
    system_role="developer",
    sampling="none",
    reasoning_effort=True,
    effort_levels=("low", "medium", "high"),
    max_output=100_000,
)
GPT_5 = msgspec.structs.replace(REASONING, effort_levels=("minimal", "low", "medium", "high"), max_output=128_000)
GPT_5_1 = msgspec.structs.replace(GPT_5, effort_levels=("none", "low", "medium", "high"))
GPT_5_2 = msgspec.structs.replace(GPT_5, effort_levels=("none", "low", "medium", "high", "xhigh"))
# Reasoning together with function tools is refused from 5.4 on.
GPT_5_4 = msgspec.structs.replace(GPT_5_2, reasoning_effort_with_tools=False)
CODEX = msgspec.structs.replace(GPT_5, effort_levels=("low", "medium", "high"))
COMPATIBLE = Profile()
DEEPSEEK = Profile(reasoning_with_calls=True)

# By how a name begins, without `openai/`; the first that fits. Where none does, anything may be true of it.
GPT: tuple[tuple[re.Pattern[str], Profile], ...] = (
    (re.compile(r"gpt-5(?:\.\d+)?-chat|chatgpt-|gpt-4o"), msgspec.structs.replace(GENUINE, max_output=16_384)),
    (re.compile(r"codex-|gpt-5(?:\.[1-3])?-codex"), CODEX),
    (re.compile(r"gpt-(?:5\.(?:[4-9]|\d\d)|[6-9]|\d\d)"), GPT_5_4),
    (re.compile(r"gpt-5\.[23]"), GPT_5_2),
    (re.compile(r"gpt-5\.1"), GPT_5_1),
    (re.compile(r"gpt-5"), GPT_5),
    (re.compile(r"o\d"), REASONING),
    (re.compile(r"gpt-4\.\d"), msgspec.structs.replace(GENUINE, max_output=32_768)),
    (re.compile(r"gpt-4-(?:turbo|1106|0125)|gpt-3"), msgspec.structs.replace(GENUINE, max_output=4096)),
    (re.compile(r"gpt-(?!oss)"), GENUINE),
    (re.compile(r"(?:[\w-]+/)?deepseek"), DEEPSEEK),
)


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
    if named["preview"]:
        return CLAUDE_4_7
    if named["major"] is None:
        return CLAUDE_3
    generation = int(named["major"]), int(named["minor"] or 0)
    if generation < (4, 1):
        return CLAUDE_4 if generation >= (4, 0) else CLAUDE_3
    if generation <= (4, 5):
        return CLAUDE_4_5
    if generation == (4, 6):
        return CLAUDE_4_6
    return CLAUDE_4_7 if generation == (4, 7) or named["family"] in NO_MID_SYSTEM else CLAUDE_4_8


def gpt(model: str) -> Profile:
    name = model.removeprefix("openai/")
    return next((profile for begins, profile in GPT if begins.match(name)), COMPATIBLE)
