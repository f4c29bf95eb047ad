"""What a client asked of thinking, as the one word that a chat completions request has for it.

Fields are named as Anthropic's clients know them.
"""

from collections.abc import Sequence

from inference import ir
from inference.ir import JSON
from inference.protocols.codec import Aim

OFF = "none"
EFFORTS = (OFF, "minimal", "low", "medium", "high", "xhigh", "max")
# Up to how many tokens a budget is which effort.
BUDGETS = ((2048, "low"), (8192, "medium"), (24000, "high"))
LARGE = "xhigh"


def render_effort(request: ir.Request, aim: Aim) -> dict[str, JSON]:
    asked, profile = request.reasoning, aim.profile
    effort = effort_of(asked)
    if asked is None or effort is None:
        return {}
    field = "output_config.effort" if asked.effort and effort != OFF else "thinking"
    if profile.reasoning_effort is False or not profile.effort_levels:
        if effort != OFF:
            aim.warnings.add(field, "unsupported")
        return {}
    if request.tools and not profile.reasoning_effort_with_tools:
        aim.warnings.add(field, "unsupported_with_tools")
        return {}
    if effort == OFF and OFF not in profile.effort_levels:
        if profile.reasoning_effort is None:
            # It may not think at all, and many that do not refuse to be told how much.
            return {}
        aim.warnings.add(field, "weakened")
    return {"reasoning_effort": clipped(effort, profile.effort_levels)}


def effort_of(asked: ir.Reasoning | None) -> str | None:
    """None: as the model has it."""
    if asked is None:
        return None
    if asked.enabled is False:
        return OFF
    if asked.effort or asked.budget is None:
        return asked.effort
    return next((effort for most, effort in BUDGETS if asked.budget <= most), LARGE)


def clipped(effort: str, levels: Sequence[str]) -> str:
    """The highest level that is not above it, else the lowest. A word nobody knows is the upstream's to judge."""
    if effort in levels or effort not in EFFORTS:
        return effort
    thinking = [level for level in EFFORTS[1:] if level in levels]
    below = [level for level in thinking if EFFORTS.index(level) < EFFORTS.index(effort)]
    return below[-1] if below else next(iter(thinking), levels[0])
