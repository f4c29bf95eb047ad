"""Requests for an Anthropic upstream: limits, sampling, and who asks."""

from typing import Any

import pytest

from inference import ir
from inference.errors import Untranslatable
from tests.inference.protocols.anthropic_requests import BUDGETED, NEWEST, rendered, warned

EITHER = "claude-sonnet-4-6"
UNKNOWN = "some-model"


@pytest.mark.parametrize(
    ("model", "overrides", "stream", "expected"),
    [
        (NEWEST, {}, False, 8192),
        (NEWEST, {}, True, 32000),
        ("claude-3-opus", {}, True, 8192),
        (UNKNOWN, {}, True, 8192),
        (UNKNOWN, {"max_output": 4096}, True, 4096),
        (UNKNOWN, {"max_output": 4096}, False, 4096),
        (UNKNOWN, {"default_max_tokens": 100, "max_output": 4096}, True, 100),
    ],
)
def test_max_tokens_is_always_told(model: str, overrides: dict[str, int], stream: bool, expected: int) -> None:
    assert rendered(model, overrides, stream=stream)["max_tokens"] == expected


def test_max_tokens_stays_within_what_the_model_can_write() -> None:
    assert rendered(max_tokens=5)["max_tokens"] == 5
    body, warnings = warned(max_tokens=10**6)
    assert (body["max_tokens"], warnings) == (64_000, [("max_tokens", "clamped")])


SAMPLING = ("temperature", "top_p", "top_k")


@pytest.mark.parametrize(
    ("model", "sampling", "told", "warnings"),
    [
        (EITHER, ir.Sampling(temperature=0.0), {"temperature": 0.0}, []),
        (EITHER, ir.Sampling(temperature=1.7), {"temperature": 1.0}, [("temperature", "clamped")]),
        (EITHER, ir.Sampling(temperature=0.5, top_p=0.9), {"temperature": 0.5}, [("top_p", "temperature")]),
        (EITHER, ir.Sampling(temperature=0.5, top_p=1.0), {"temperature": 0.5}, []),
        (EITHER, ir.Sampling(top_p=0.9, top_k=3), {"top_p": 0.9, "top_k": 3}, []),
        (NEWEST, ir.Sampling(temperature=1.0, top_p=1.0), {}, []),
        (NEWEST, ir.Sampling(temperature=0.0), {}, [("temperature", "unsupported")]),
        (NEWEST, ir.Sampling(top_p=0.9), {}, [("top_p", "unsupported")]),
        (NEWEST, ir.Sampling(top_k=3), {}, [("top_k", "unsupported")]),
    ],
)
def test_sampling_is_told_as_far_as_the_model_takes_it(
    model: str, sampling: ir.Sampling, told: dict[str, Any], warnings: list[tuple[str, str]]
) -> None:
    body, found = warned(model, sampling=sampling)
    assert {name: body[name] for name in SAMPLING if name in body} == told
    assert found == warnings


def test_a_model_that_takes_both_is_told_both() -> None:
    body = rendered(UNKNOWN, {"sampling": "full"}, sampling=ir.Sampling(temperature=0.5, top_p=0.9))
    assert (body["temperature"], body["top_p"]) == (0.5, 0.9)


@pytest.mark.parametrize(
    ("sampling", "told", "warnings"),
    [
        (ir.Sampling(temperature=1.0, top_p=0.96), {"top_p": 0.96}, []),
        (
            ir.Sampling(temperature=0.5, top_p=0.9, top_k=3),
            {},
            [("temperature", "thinking"), ("top_p", "thinking"), ("top_k", "thinking")],
        ),
    ],
)
def test_sampling_gives_way_to_thinking(
    sampling: ir.Sampling, told: dict[str, Any], warnings: list[tuple[str, str]]
) -> None:
    body, found = warned(EITHER, sampling=sampling, reasoning=ir.Reasoning(enabled=True))
    assert {name: body[name] for name in SAMPLING if name in body} == told
    assert found == warnings


@pytest.mark.parametrize(
    ("sampling", "fields"),
    [
        (ir.Sampling(seed=0), ["seed"]),
        (ir.Sampling(min_p=0.1), ["min_p"]),
        (ir.Sampling(logit_bias={"1": 99}), ["logit_bias"]),
        (ir.Sampling(frequency_penalty=1, presence_penalty=-1), ["frequency_penalty", "presence_penalty"]),
        (ir.Sampling(min_p=0, frequency_penalty=0, presence_penalty=0, logit_bias={}), []),
    ],
)
def test_what_no_anthropic_model_knows_is_warned_of(sampling: ir.Sampling, fields: list[str]) -> None:
    assert warned(sampling=sampling)[1] == [(field, "unsupported") for field in fields]


@pytest.mark.parametrize("bias", [-100, 100])
def test_a_ban_of_tokens_is_refused(bias: float) -> None:
    with pytest.raises(Untranslatable) as caught:
        rendered(sampling=ir.Sampling(logit_bias={"1": bias}))
    assert caught.value.param == "logit_bias"


def test_stops_of_white_space_are_left_out() -> None:
    assert rendered(stop=("END",))["stop_sequences"] == ["END"]
    body, warnings = warned(stop=("\n", "END", ""))
    assert (body["stop_sequences"], warnings) == (["END"], [("stop", "white_space")])
    assert "stop_sequences" not in warned(stop=("\n",))[0]


@pytest.mark.parametrize("user", ["a@example.org", "John Doe", "+49 170 1234567", "x" * 300])
def test_a_user_who_could_be_a_person_is_hashed(user: str) -> None:
    assert len(rendered(user=user)["metadata"]["user_id"]) == 64
    assert rendered(user="user-1")["metadata"] == {"user_id": "user-1"}


@pytest.mark.parametrize(
    ("tier", "told", "warnings"),
    [
        (None, None, []),
        ("auto", "auto", []),
        ("default", "standard_only", []),
        ("priority", "auto", [("service_tier", "unsupported")]),
        ("fast", "auto", [("service_tier", "unsupported")]),
        ("flex", None, [("service_tier", "unsupported")]),
        ("scale", None, [("service_tier", "unsupported")]),
    ],
)
def test_a_service_tier_is_told(tier: str | None, told: str | None, warnings: list[tuple[str, str]]) -> None:
    body, found = warned(service_tier=tier)
    assert (body.get("service_tier"), found) == (told, warnings)


def test_nothing_is_told_that_was_not_asked() -> None:
    assert rendered(BUDGETED).keys() == {"model", "max_tokens", "messages"}
    assert rendered(stream=True)["stream"] is True
