"""The controls of a chat completions request: a client's to the neutral form."""

import json
from typing import Any

import pytest

from inference import ir
from inference.errors import GatewayError, Kind, Untranslatable
from inference.protocols.openai_chat import parse_request
from inference.protocols.warnings import Warnings
from tests.inference.protocols.openai_requests import HELLO, parse_warnings, parsed

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"reasoning_effort": "high"}, ir.Reasoning(enabled=True, effort="high")),
        ({"reasoning_effort": "none"}, ir.Reasoning(enabled=False)),
        (
            {"reasoning_effort": "high", "thinking": {"type": "enabled", "budget_tokens": 2000}},
            ir.Reasoning(enabled=True, budget=2000),
        ),
        ({"thinking": {"type": "disabled"}}, ir.Reasoning(enabled=False)),
    ],
)
def test_what_is_asked_of_thinking_is_read(fields: dict[str, Any], expected: ir.Reasoning | None) -> None:
    assert parsed(**fields).reasoning == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, ir.OutputFormat(path="response_format")),
        (
            {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}},
            ir.OutputFormat(SCHEMA, "place", strict=True, path="response_format"),
        ),
    ],
)
def test_the_form_of_the_answer_is_read(asked: object, expected: ir.OutputFormat | None) -> None:
    assert parsed(response_format=asked).output == expected


@pytest.mark.parametrize(
    "sampling",
    [
        {"temperature": 0.0, "top_p": 0.5, "seed": 7, "logit_bias": {"1": 2.0}},
        {"top_k": 3, "min_p": 0.1, "frequency_penalty": 0.5, "presence_penalty": -1.0},
    ],
)
def test_sampling_is_read(sampling: dict[str, Any]) -> None:
    assert parsed(**sampling).sampling == ir.Sampling(**sampling)


@pytest.mark.parametrize(
    ("fields", "limit"),
    [({}, None), ({"max_tokens": 1}, 1), ({"max_tokens": 1, "max_completion_tokens": 2}, 2)],
)
def test_the_newer_limit_goes_before_the_older(fields: dict[str, int], limit: int | None) -> None:
    assert parsed(**fields).max_tokens == limit


@pytest.mark.parametrize(("stop", "expected"), [(None, ()), ("x", ("x",)), (["x", "y"], ("x", "y"))])
def test_stops_are_a_text_or_several(stop: object, expected: tuple[str, ...]) -> None:
    assert parsed(stop=stop).stop == expected


@pytest.mark.parametrize(
    ("fields", "user"),
    [({"user": "u"}, "u"), ({"safety_identifier": "s"}, "s"), ({"user": "u", "safety_identifier": "s"}, "s")],
)
def test_the_user_is_the_one_named_for_safety(fields: dict[str, str], user: str) -> None:
    assert parsed(**fields).user == user


def test_the_rest_is_read() -> None:
    request = parsed(stream=True, stream_options={"include_usage": True}, prompt_cache_key="k", service_tier="priority")
    assert (request.stream, request.include_usage) == (True, True)
    assert (request.session, request.service_tier) == ("k", "priority")


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 1},
        {"logprobs": False},
        {"stream": True, "stream_options": {"include_obfuscation": False}},
        {"metadata": {"a": "b"}},
        {"store": False},
        {"prediction": {"type": "content", "content": "x"}},
        {"prompt_cache_key": "k", "prompt_cache_retention": "24h", "prompt_cache_options": {"mode": "explicit"}},
        {"modalities": ["text"]},
        {"reasoning_effort": "low", "seed": 1, "service_tier": "auto"},
        {"unknown": None},
    ],
)
def test_what_changes_nothing_is_left_out_in_silence(fields: dict[str, Any]) -> None:
    assert not parse_warnings(**fields)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"verbosity": "low"}, [("verbosity", "unsupported")]),
        ({"web_search_options": {}}, [("web_search_options", "unsupported")]),
        ({"store": True}, [("store", "unsupported")]),
        ({"moderation": {"model": "x"}}, [("moderation", "unsupported")]),
        ({"moderation": {"model": "x", "policy": {"input": {"mode": "score"}}}}, [("moderation", "unsupported")]),
        ({"provider": {}, "a": False}, [("provider", "unknown"), ("a", "unknown")]),
    ],
)
def test_what_is_weakened_is_told(fields: dict[str, Any], told: list[tuple[str, str]]) -> None:
    assert parse_warnings(**fields) == told


def test_a_strict_route_refuses_what_would_be_weakened() -> None:
    body = json.dumps({"model": "m", "messages": [HELLO], "verbosity": "low"}).encode()
    with pytest.raises(Untranslatable) as caught:
        parse_request(body, Warnings(strict=True))
    assert caught.value.param == "verbosity"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "x"}}, "audio"),
        ({"moderation": {"model": "x", "policy": {"output": {"mode": "block"}}}}, "moderation"),
    ],
)
def test_a_contract_nobody_else_can_keep_is_refused(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Untranslatable) as caught:
        parsed(**fields)
    assert (caught.value.kind, caught.value.param) == (Kind.UNSUPPORTED_PARAMETER, param)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"logprobs": False, "top_logprobs": 0}, None),
        ({"logprobs": True}, 0),
        ({"logprobs": True, "top_logprobs": 20}, 20),
    ],
)
def test_it_is_read_how_many_likelihoods_are_wanted(fields: dict[str, Any], expected: int | None) -> None:
    assert parsed(**fields).logprobs == expected


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 0}, "n"),
        ({"n": 129}, "n"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": -1}, "top_logprobs"),
        ({"logprobs": False, "top_logprobs": 1}, "top_logprobs"),
        ({"top_logprobs": 1}, "top_logprobs"),
    ],
)
def test_numbers_out_of_range_are_refused(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(GatewayError) as caught:
        parsed(**fields)
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, param)


@pytest.mark.parametrize(
    ("fields", "kind", "param"),
    [
        ({"messages": None}, Kind.INVALID_TYPE, "messages"),
        ({"messages": []}, Kind.INVALID_VALUE, "messages"),
        ({"messages": [HELLO, {"role": "user"}]}, Kind.MISSING_PARAMETER, "messages[1].content"),
        ({"messages": [{"role": "robot"}]}, Kind.INVALID_VALUE, "messages[0].role"),
        ({"messages": [HELLO, {"content": "x"}]}, Kind.MISSING_PARAMETER, "messages[1].role"),
        ({"messages": [{"role": "assistant", "audio": {"id": "x"}}]}, Kind.UNSUPPORTED_CONTENT, "messages[0].audio"),
        ({"messages": [HELLO] * 100_001}, Kind.INVALID_VALUE, "messages"),
        ({"temperature": "hot"}, Kind.INVALID_TYPE, "temperature"),
        ({"max_tokens": 0}, Kind.INVALID_VALUE, "max_tokens"),
        ({"max_completion_tokens": -1}, Kind.INVALID_VALUE, "max_completion_tokens"),
        ({"response_format": {"type": "yaml"}}, Kind.INVALID_VALUE, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, Kind.MISSING_PARAMETER, "response_format.json_schema"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], kind: Kind, param: str) -> None:
    with pytest.raises(GatewayError) as caught:
        parsed(**fields)
    assert (caught.value.kind, caught.value.param) == (kind, param)
