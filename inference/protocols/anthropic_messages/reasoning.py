"""What a client asked of thinking, as the fields of a messages request."""

import re

from inference import ir
from inference.ir import JSON

# Up to generation 4.5 a model takes a budget in tokens, later ones decide themselves.
TAKES_BUDGET = re.compile(
    r"(?:anthropic/)?claude-(?:[123]\b|instant|(?:opus|sonnet|haiku)-4(?:-[015])?(?:-\d{8}|-latest|@.*)?$)"
)
BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32000, "max": 32000}
LEAST_BUDGET = 1024
DEFAULT_MAX_TOKENS = 8192


def render_reasoning(request: ir.Request, model: str) -> dict[str, JSON]:
    """`max_tokens` always, `thinking` and `output_config` where they are asked for."""
    asked = request.reasoning
    limit = request.max_tokens if request.max_tokens is not None else DEFAULT_MAX_TOKENS
    if asked is None or asked.enabled is None:
        return {"max_tokens": limit}
    if asked.enabled is False or is_forced(request.tool_choice):
        # A forced call and thinking exclude each other, and the call is what the client relies on.
        return {"max_tokens": limit, "thinking": {"type": "disabled"}}
    if asked.budget is None and not TAKES_BUDGET.match(model):
        rendered: dict[str, JSON] = {"max_tokens": limit, "thinking": {"type": "adaptive", "display": "summarized"}}
        if asked.effort:
            rendered["output_config"] = {"effort": "low" if asked.effort == "minimal" else asked.effort}
        return rendered
    return render_budget(request, asked.budget or BUDGETS.get(asked.effort or "", BUDGETS["medium"]))


def render_budget(request: ir.Request, budget: int) -> dict[str, JSON]:
    """A budget stays below `max_tokens`, and a `max_tokens` that the client gave stays what it is."""
    limit = request.max_tokens
    if limit is None:
        limit = budget + DEFAULT_MAX_TOKENS
    budget = min(budget, limit - LEAST_BUDGET)
    if budget < LEAST_BUDGET or lacks_thinking(request.messages):
        return {"max_tokens": limit}
    thinking = {"type": "enabled", "budget_tokens": budget, "display": "summarized"}
    return {"max_tokens": limit, "thinking": thinking}


def is_forced(choice: ir.ToolChoice | None) -> bool:
    return choice is not None and choice.mode in ("any", "tool")


def lacks_thinking(messages: tuple[ir.Message, ...]) -> bool:
    """Whether the last turn of calls came without its thinking, which these models then demand."""
    for message in reversed(messages):
        if message.role == "assistant":
            kinds = {type(block) for block in message.content}
            return ir.ToolUse in kinds and not kinds & {ir.Thinking, ir.RedactedThinking}
    return False
