"""What is known of Claude by its names."""

import pytest

from inference.protocols.profiles import profile_of
from routing.profile import Profile


def known(model: str) -> Profile:
    return profile_of("anthropic_messages", model, {})


@pytest.mark.parametrize(
    "model",
    [
        "claude-sonnet-4-5-20250929",
        "claude-opus-4-20250514",
        "claude-3-7-sonnet-latest",
        "us.anthropic.claude-haiku-4-5",
    ],
)
def test_up_to_4_5_it_thinks_on_a_budget_and_goes_on_from_an_answer(model: str) -> None:
    profile = known(model)
    assert (profile.thinking_modes, profile.prefill, profile.sampling) == (("enabled", "disabled"), True, "one")


def test_4_6_knows_both_ways_of_thinking() -> None:
    profile = known("claude-opus-4-6")
    assert (profile.thinking_modes[:2], profile.prefill, profile.mid_system) == (("adaptive", "enabled"), False, False)


@pytest.mark.parametrize(
    ("model", "mid_system"),
    [
        ("claude-opus-4-7", False),
        ("claude-mythos-preview", False),
        ("claude-sonnet-5", False),
        ("claude-haiku-5-5", False),
        ("claude-opus-4-8-20260528", True),
        ("claude-opus-5-5", True),
        ("claude-fable-5-2", True),
        ("anthropic/claude-mythos-5", True),
    ],
)
def test_from_4_7_it_thinks_as_it_likes_and_is_not_sampled(model: str, mid_system: bool) -> None:
    profile = known(model)
    assert "enabled" not in profile.thinking_modes
    assert (profile.sampling, profile.prefill, profile.mid_system) == ("none", False, mid_system)


@pytest.mark.parametrize(("model", "length"), [("claude-opus-5", 128), ("claude-3-opus", 128), ("glm-5", 64)])
def test_it_takes_longer_names_of_tools_than_others_do(model: str, length: int) -> None:
    assert known(model).tool_name_max == length
