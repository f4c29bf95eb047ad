"""What a client asked of thinking, and how long the answer may be, as the fields of a messages request."""

from collections.abc import Sequence

import msgspec

from inference import ir
from inference.ir import JSON
from inference.protocols.codec import Aim
from routing.profile import Profile

EFFORTS = ("low", "medium", "high", "xhigh", "max")
BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32000, "max": 32000}
LEAST_BUDGET = 1024
# In tokens, where the client gave no limit and the protocol demands one.
DEFAULT_MAX_TOKENS = 8192
DEFAULT_MAX_TOKENS_OF_STREAMS = 32000


def reconciled(request: ir.Request, aim: Aim) -> ir.Request:
    """A forced call and thinking exclude each other. The call is what the client relies on, so thinking gives way."""
    choice = request.tool_choice
    if choice is None or choice.mode not in ("any", "tool") or aim.profile.forced_tool_with_thinking:
        return request
    if always_thinks(aim.profile):
        aim.warnings.add("tool_choice", "always_thinks")
        return msgspec.structs.replace(request, tool_choice=msgspec.structs.replace(choice, mode="auto", name=None))
    asked = request.reasoning
    if asked is None or not asked.enabled or preferred(aim.profile) is None:
        return request
    aim.warnings.add(field_of(asked), "forced_tool_choice")
    return msgspec.structs.replace(request, reasoning=ir.Reasoning(enabled=False))


def always_thinks(profile: Profile) -> bool:
    return bool(profile.thinking_modes) and "disabled" not in profile.thinking_modes


def render_reasoning(request: ir.Request, turns: Sequence[ir.Message], aim: Aim) -> dict[str, JSON]:
    """`max_tokens` always, `thinking` and `output_config` where they are asked for."""
    asked = request.reasoning
    if asked is None:
        return {"max_tokens": max_tokens(request, aim)}
    if asked.enabled is False:
        return {"max_tokens": max_tokens(request, aim), **without_thinking(asked, aim)}
    if asked.enabled is None:
        return {"max_tokens": max_tokens(request, aim), **effort(asked, aim)}
    mode = preferred(aim.profile)
    if asked.budget is not None and "enabled" in aim.profile.thinking_modes:
        mode = "enabled"
    match mode:
        case "adaptive":
            if asked.budget is not None:
                aim.warnings.add("thinking", "budget_unsupported")
            thinking = {"type": "adaptive", "display": "summarized"}
            return {"max_tokens": max_tokens(request, aim), "thinking": thinking, **effort(asked, aim)}
        case "enabled":
            return with_budget(request, turns, aim)
        case _:
            aim.warnings.add(field_of(asked), "unsupported")
            return {"max_tokens": max_tokens(request, aim)}


def preferred(profile: Profile) -> str | None:
    """How this model thinks; of two ways the one named first."""
    return next((mode for mode in profile.thinking_modes if mode != "disabled"), None)


def field_of(asked: ir.Reasoning) -> str:
    """Of the two that a client may have asked with."""
    return "reasoning_effort" if asked.budget is None else "thinking"


def without_thinking(asked: ir.Reasoning, aim: Aim) -> dict[str, JSON]:
    """A model that thinks of its own accord must be told not to, others would not know what they are told."""
    modes = aim.profile.thinking_modes
    if "adaptive" not in modes:
        return {}
    if "disabled" in modes:
        return {"thinking": {"type": "disabled"}}
    aim.warnings.add(field_of(asked), "always_thinks")
    return effort(ir.Reasoning(effort="low"), aim)


def effort(asked: ir.Reasoning, aim: Aim) -> dict[str, JSON]:
    """The effort itself, or the next lower one that the model knows."""
    wanted = "low" if asked.effort == "minimal" else asked.effort
    if wanted is None:
        return {}
    known = [level for level in EFFORTS if level in aim.profile.effort_levels]
    if wanted not in EFFORTS or not known:
        aim.warnings.add("reasoning_effort", "unsupported")
        return {}
    lower = [level for level in known if EFFORTS.index(level) <= EFFORTS.index(wanted)]
    return {"output_config": {"effort": lower[-1] if lower else known[0]}}


# Tokens.


def max_tokens(request: ir.Request, aim: Aim) -> int:
    most = aim.profile.max_output
    if request.max_tokens is None:
        return default_max_tokens(aim.profile, is_stream=request.stream)
    if most is not None and request.max_tokens > most:
        aim.warnings.add("max_tokens", "clamped")
        return most
    return request.max_tokens


def default_max_tokens(profile: Profile, *, is_stream: bool) -> int:
    if profile.default_max_tokens is not None:
        return profile.default_max_tokens
    if profile.max_output is None:
        return DEFAULT_MAX_TOKENS
    return min(profile.max_output, DEFAULT_MAX_TOKENS_OF_STREAMS if is_stream else DEFAULT_MAX_TOKENS)


def with_budget(request: ir.Request, turns: Sequence[ir.Message], aim: Aim) -> dict[str, JSON]:
    """A budget stays below `max_tokens`, and a `max_tokens` that the client gave stays what it is."""
    asked = request.reasoning or ir.Reasoning()
    budget = BUDGETS.get(asked.effort or "", BUDGETS["medium"]) if asked.budget is None else asked.budget
    limit = max_tokens(request, aim)
    if lacks_thinking(turns):
        aim.warnings.add(field_of(asked), "thinking_missing")
        return {"max_tokens": limit}
    if request.max_tokens is None:
        limit = min(budget + limit, aim.profile.max_output or budget + limit)
    budget = min(budget, limit - LEAST_BUDGET)
    if budget < LEAST_BUDGET:
        aim.warnings.add(field_of(asked), "budget_too_small")
        return {"max_tokens": limit}
    thinking = {"type": "enabled", "budget_tokens": budget, "display": "summarized"}
    return {"max_tokens": limit, "thinking": thinking}


def lacks_thinking(turns: Sequence[ir.Message]) -> bool:
    """Whether the answer goes on from calls, or from words, that came without the thinking these models then demand."""
    for turn in reversed(turns):
        if turn.role == "assistant":
            kinds = {type(block) for block in turn.content}
            return (ir.ToolUse in kinds or turn is turns[-1]) and not kinds & {ir.Thinking, ir.RedactedThinking}
    return False
