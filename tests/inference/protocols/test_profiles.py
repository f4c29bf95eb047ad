"""What is known of OpenAI's models by their names."""

import pytest

from inference.protocols.profiles import profile_of


@pytest.mark.parametrize(
    ("model", "efforts"),
    [
        ("o3", ("low", "medium", "high")),
        ("o4-mini-2025-04-16", ("low", "medium", "high")),
        ("gpt-5", ("minimal", "low", "medium", "high")),
        ("gpt-5-mini", ("minimal", "low", "medium", "high")),
        ("gpt-5-codex", ("low", "medium", "high")),
        ("gpt-5.1", ("none", "low", "medium", "high")),
        ("openai/gpt-5.2", ("none", "low", "medium", "high", "xhigh")),
        ("gpt-5.4-mini", ("none", "low", "medium", "high", "xhigh")),
        ("gpt-6", ("none", "low", "medium", "high", "xhigh")),
        ("gpt-5-chat-latest", ()),
        ("gpt-4o", ()),
        ("gpt-4.1-mini", ()),
        ("chatgpt-4o-latest", ()),
    ],
)
def test_a_model_of_openai_has_its_efforts(model: str, efforts: tuple[str, ...]) -> None:
    profile = profile_of("openai_chat", model, {})
    assert (profile.effort_levels, profile.max_tokens_field) == (efforts, "max_completion_tokens")
    assert profile.reasoning_effort is bool(efforts)
    assert profile.system_role == ("developer" if efforts else "system")


@pytest.mark.parametrize(
    ("model", "most"), [("gpt-4o", 16_384), ("gpt-4.1", 32_768), ("gpt-5", 128_000), ("gpt-4", None)]
)
def test_a_model_of_openai_has_its_longest_answer(model: str, most: int | None) -> None:
    assert profile_of("openai_chat", model, {}).max_output == most


@pytest.mark.parametrize(
    ("model", "both"), [("gpt-5.3", True), ("gpt-5.4", False), ("gpt-5.10", False), ("gpt-6", False)]
)
def test_late_models_refuse_an_effort_beside_tools(model: str, both: bool) -> None:
    assert profile_of("openai_chat", model, {}).reasoning_effort_with_tools is both


@pytest.mark.parametrize("model", ["gpt-oss-120b", "openai/gpt-oss-20b", "llama3", "omni-1", "my-gpt-5"])
def test_of_other_models_nothing_is_known(model: str) -> None:
    profile = profile_of("openai_chat", model, {})
    assert (profile.max_tokens_field, profile.system_role, profile.reasoning_effort) == ("max_tokens", "system", None)


def test_an_operator_knows_better() -> None:
    assert profile_of("openai_chat", "gpt-4o", {"max_output": 5}).max_output == 5
