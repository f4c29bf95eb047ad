"""The controls of a chat completions request: the neutral form to an upstream's."""

from typing import Any

import pytest

from inference import ir
from inference.errors import Untranslatable
from tests.inference.protocols.openai_requests import render_warnings, rendered

CLOSED = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
OPEN = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = (ir.Tool("f", {"type": "object"}),)


# Limits.


@pytest.mark.parametrize(("model", "field"), [("gpt-5", "max_completion_tokens"), ("gpt-oss-20b", "max_tokens")])
def test_the_limit_has_the_name_the_server_knows(model: str, field: str) -> None:
    body = rendered(model, max_tokens=5)
    assert {name for name in body if name.startswith("max_")} == {field}


@pytest.mark.parametrize(("limit", "sent", "told"), [(99, 99, []), (101, 100, [("max_tokens", "clamped")])])
def test_a_limit_above_the_models_own_is_clamped(limit: int, sent: int, told: list[tuple[str, str]]) -> None:
    profile = {"max_output": 100}
    assert rendered(profile=profile, max_tokens=limit)["max_tokens"] == sent
    assert render_warnings(profile=profile, max_tokens=limit) == told


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(Untranslatable) as caught:
        rendered(max_tokens=0)
    assert caught.value.param == "max_tokens"


def test_more_stops_than_openai_takes_are_refused() -> None:
    with pytest.raises(Untranslatable) as caught:
        rendered("gpt-4o", stop=tuple("abcde"))
    assert caught.value.param == "stop_sequences"
    assert rendered("llama", stop=tuple("abcde"))["stop"] == list("abcde")


# Sampling.


@pytest.mark.parametrize(
    ("sampling", "given", "sent", "lost"),
    [
        ("full", {"temperature": 0.5, "top_p": 0.5, "seed": 0}, ["temperature", "top_p", "seed"], []),
        ("one", {"temperature": 0.5, "top_p": 0.5}, ["temperature"], ["top_p"]),
        ("one", {"temperature": 0.5, "top_p": 1.0}, ["temperature"], []),
        ("one", {"top_p": 0.5}, ["top_p"], []),
        ("none", {"temperature": 1.0, "top_p": 1.0, "presence_penalty": 0.0, "seed": 3}, ["seed"], []),
        ("none", {"temperature": 0.0, "top_p": 0.9}, [], ["temperature", "top_p"]),
        ("none", {"frequency_penalty": 0.5, "logit_bias": {"1": 1.0}}, [], ["frequency_penalty", "logit_bias"]),
    ],
)
def test_sampling_that_a_model_does_not_take_is_left_out_and_told(
    sampling: str, given: dict[str, Any], sent: list[str], lost: list[str]
) -> None:
    profile = {"sampling": sampling}
    body = rendered(profile=profile, sampling=ir.Sampling(**given))
    assert {name: body[name] for name in given if name in body} == {name: given[name] for name in sent}
    told = render_warnings(profile=profile, sampling=ir.Sampling(**given))
    assert told == [(name, "unsupported") for name in lost]


@pytest.mark.parametrize(("top_k", "lost"), [(True, []), (False, ["top_k", "min_p"])])
def test_sampling_that_openai_does_not_know_is_for_others(top_k: bool, lost: list[str]) -> None:
    profile, sampling = {"top_k": top_k}, ir.Sampling(top_k=3, min_p=0.1)
    assert ({"top_k", "min_p"} & rendered(profile=profile, sampling=sampling).keys() == set()) is bool(lost)
    assert render_warnings(profile=profile, sampling=sampling) == [(name, "unsupported") for name in lost]


@pytest.mark.parametrize("model", ["gpt-5", "o3", "gpt-6-mini"])
def test_openais_reasoning_models_take_no_sampling(model: str) -> None:
    assert "temperature" not in rendered(model, sampling=ir.Sampling(temperature=0.0))


# Reasoning.


@pytest.mark.parametrize(
    ("reasoning", "effort"),
    [
        (None, None),
        (ir.Reasoning(enabled=True), None),
        (ir.Reasoning(effort="low"), "low"),
        (ir.Reasoning(enabled=True, effort="max"), "max"),
        (ir.Reasoning(enabled=True, effort="unheard_of"), "unheard_of"),
        (ir.Reasoning(enabled=False), "none"),
        (ir.Reasoning(enabled=False, effort="high"), "none"),
        (ir.Reasoning(enabled=True, budget=2048), "low"),
        (ir.Reasoning(enabled=True, budget=8000), "medium"),
        (ir.Reasoning(enabled=True, budget=24000), "high"),
        (ir.Reasoning(enabled=True, budget=50000), "xhigh"),
        (ir.Reasoning(enabled=True, budget=50000, effort="low"), "low"),
    ],
)
def test_what_is_asked_of_thinking_becomes_an_effort(reasoning: ir.Reasoning | None, effort: str | None) -> None:
    profile = {"effort_levels": ["none", "minimal", "low", "medium", "high", "xhigh", "max"]}
    assert rendered(profile=profile, reasoning=reasoning).get("reasoning_effort") == effort
    assert not render_warnings(profile=profile, reasoning=reasoning)


@pytest.mark.parametrize(
    ("effort", "levels", "sent"),
    [
        ("max", ["low", "medium", "high"], "high"),
        ("xhigh", ["none", "low", "medium"], "medium"),
        ("minimal", ["none", "low", "medium"], "low"),
        ("low", ["medium", "high"], "medium"),
    ],
)
def test_an_effort_is_clipped_to_what_the_model_has(effort: str, levels: list[str], sent: str) -> None:
    body = rendered(profile={"effort_levels": levels}, reasoning=ir.Reasoning(effort=effort))
    assert body["reasoning_effort"] == sent


@pytest.mark.parametrize(
    ("model", "sent", "told"),
    [
        ("gpt-5.1", "none", []),
        ("gpt-5", "minimal", [("thinking", "weakened")]),
        ("o3", "low", [("thinking", "weakened")]),
        ("gpt-4o", None, []),
        ("llama", None, []),
    ],
)
def test_a_model_is_told_not_to_think_only_if_it_can(model: str, sent: str | None, told: list[tuple[str, str]]) -> None:
    reasoning = ir.Reasoning(enabled=False)
    assert rendered(model, reasoning=reasoning).get("reasoning_effort") == sent
    assert render_warnings(model, reasoning=reasoning) == told


@pytest.mark.parametrize(
    ("reasoning", "told"),
    [
        (ir.Reasoning(enabled=True, effort="high"), [("output_config.effort", "unsupported")]),
        (ir.Reasoning(enabled=True, budget=4000), [("thinking", "unsupported")]),
        (ir.Reasoning(enabled=True), []),
    ],
)
def test_a_model_that_does_not_think_is_not_told_how_much(reasoning: ir.Reasoning, told: list[tuple[str, str]]) -> None:
    assert "reasoning_effort" not in rendered("gpt-4o", reasoning=reasoning)
    assert render_warnings("gpt-4o", reasoning=reasoning) == told


@pytest.mark.parametrize(
    ("tools", "sent", "told"),
    [((), "high", []), (TOOLS, None, [("output_config.effort", "unsupported_with_tools")])],
)
def test_late_models_take_no_effort_beside_tools(
    tools: tuple[ir.Tool, ...], sent: str | None, told: list[tuple[str, str]]
) -> None:
    asked: dict[str, Any] = {"tools": tools, "reasoning": ir.Reasoning(enabled=True, effort="high")}
    assert rendered("gpt-5.4", **asked).get("reasoning_effort") == sent
    assert render_warnings("gpt-5.4", **asked) == told


# The form of the answer.


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (ir.OutputFormat(), {"type": "json_object"}),
        (
            ir.OutputFormat(CLOSED),
            {"type": "json_schema", "json_schema": {"name": "response", "schema": CLOSED, "strict": True}},
        ),
        (
            ir.OutputFormat(CLOSED, strict=False),
            {"type": "json_schema", "json_schema": {"name": "response", "schema": CLOSED, "strict": False}},
        ),
        (
            ir.OutputFormat(OPEN),
            {"type": "json_schema", "json_schema": {"name": "response", "schema": OPEN, "strict": False}},
        ),
    ],
)
def test_the_form_of_the_answer_is_told(output: ir.OutputFormat, expected: dict[str, Any]) -> None:
    assert rendered(output=output)["response_format"] == expected


def test_a_model_that_cannot_be_held_to_a_schema_is_told_of_it() -> None:
    profile, output = {"structured_outputs": False}, ir.OutputFormat(OPEN)
    body = rendered(profile=profile, output=output, system=(ir.Text("S"),))
    assert body["response_format"] == {"type": "json_object"}
    assert '"city"' in body["messages"][0]["content"][1]["text"]
    assert render_warnings(profile=profile, output=output) == [("output_config.format", "not_enforced")]


# Who asks.


@pytest.mark.parametrize("user", ["short", "x" * 65, '{"device":"x"}'])
def test_a_user_is_told_to_openai_alone_and_briefly(user: str) -> None:
    told = rendered("gpt-5", user=user)["safety_identifier"]
    assert len(told) <= 64
    assert (told == user) == (user == "short")
    assert "safety_identifier" not in rendered("llama", user=user)
    assert rendered(profile={"user_field": "user"}, user=user)["user"] == told


def test_a_conversation_has_one_key_to_its_cache_which_does_not_tell_its_name() -> None:
    key = rendered("gpt-5", session="s-1")["prompt_cache_key"]
    assert key == rendered("gpt-5", session="s-1", max_tokens=9)["prompt_cache_key"]
    assert key != rendered("gpt-5", session="s-2")["prompt_cache_key"]
    assert "s-1" not in key
    assert len(key) <= 64
    assert "prompt_cache_key" not in rendered("llama", session="s-1")


def test_a_service_tier_is_told_to_openai_alone() -> None:
    assert rendered("gpt-5", service_tier="default")["service_tier"] == "default"
    assert "service_tier" not in rendered("llama", service_tier="default")


@pytest.mark.parametrize(("known", "options"), [(True, {"include_usage": True}), (False, None)])
def test_usage_is_asked_of_a_stream_where_the_server_knows_how(known: bool, options: object) -> None:
    body = rendered(profile={"stream_options": known}, stream=True)
    assert (body["stream"], body.get("stream_options")) == (True, options)
