"""A budget for thinking: counted token by token, and kept by the worker process with the demo model."""

import msgspec
import pytest

from inference import ir
from inference.backends.local import LocalBackend
from inference.worker.thinking import ThinkingLimit
from tests.local_models import ask, question
from tests.schemas import record

OPENING, CLOSING = (7, 1), (8, 1, 2)
ASKED = question("What is the capital of France?")


def forced(tokens: list[int], budget: int, *, thinks: bool = True) -> list[int | None]:
    """What is forced at the beginning, and behind each token."""
    limit = ThinkingLimit(OPENING, CLOSING, budget, thinks=thinks)
    behind = [limit.forced]
    for token in tokens:
        limit.advance(token)
        behind.append(limit.forced)
    return behind


def test_behind_the_budget_the_end_is_forced_token_by_token() -> None:
    assert forced([5, 5, 8, 1, 2, 5], 2) == [None, None, 8, 1, 2, None, None]


def test_thinking_that_ends_by_itself_is_left_alone() -> None:
    assert forced([5, 8, 1, 2, 5, 5, 5], 5) == [None] * 8


def test_an_end_that_has_begun_is_completed() -> None:
    assert forced([5, 8, 1], 2) == [None, None, 1, 2]


def test_what_has_to_come_first_may_come_first() -> None:
    assert forced([5, 6, 8], 1) == [None, 8, 8, 1]


def test_thinking_that_the_model_opens_itself_is_counted_from_there() -> None:
    assert forced([7, 1, 5, 5], 1, thinks=False) == [None, None, None, 8, 8]


@pytest.mark.parametrize("begin", [[5], [7, 5]])
def test_an_answer_without_thinking_is_left_alone(begin: list[int]) -> None:
    assert forced([*begin, 7, 1, 5, 5], 1, thinks=False) == [None] * (len(begin) + 5)


@pytest.mark.parametrize("budget", [1, 3])
async def test_thinking_ends_with_its_budget(local: LocalBackend, budget: int) -> None:
    thinking = ir.Reasoning(enabled=True, budget=budget)
    whole = await ask(local, msgspec.structs.replace(ASKED, reasoning=ir.Reasoning(enabled=True)))
    answered = await ask(local, msgspec.structs.replace(ASKED, reasoning=thinking))
    assert answered.thinking != whole.thinking
    assert whole.thinking.startswith(answered.thinking)
    # The markers count as thinking.
    assert answered.finished.usage.reasoning_tokens == budget + 2
    assert answered.text == whole.text


async def test_a_budget_that_is_not_spent_changes_nothing(local: LocalBackend) -> None:
    whole = await ask(local, msgspec.structs.replace(ASKED, reasoning=ir.Reasoning(enabled=True)))
    ample = await ask(local, msgspec.structs.replace(ASKED, reasoning=ir.Reasoning(enabled=True, budget=500)))
    assert (ample.thinking, ample.text) == (whole.thinking, whole.text)


async def test_a_form_is_kept_behind_a_budget(local: LocalBackend) -> None:
    form = ir.OutputFormat(record(city={"enum": ["Rome", "Oslo"]}))
    asked = msgspec.structs.replace(
        ASKED,
        reasoning=ir.Reasoning(enabled=True, budget=2),
        output=form,
        sampling=ir.Sampling(temperature=1.5, seed=1),
    )
    answered = await ask(local, asked)
    assert answered.text in ('{"city": "Rome"}', '{"city": "Oslo"}')
    assert answered.finished.usage.reasoning_tokens in (0, 4)
