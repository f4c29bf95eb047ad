"""What an upstream's refusal teaches, and that a request is tried once more with it."""

from typing import Any

import pytest

from inference.errors import BackendError, Kind
from inference.failures import AttemptsFailed
from inference.healing import Lessons
from inference.protocols.profiles import profile_of
from routing.route import Target
from tests.answers import refusal
from tests.inference.exchanges import ANTHROPIC, OPENAI
from tests.inference.executing import CLOUD, executing, incoming, read, route, target
from tests.upstreams import Upstream

REFUSALS: list[tuple[str, str, str, str, dict[str, Any]]] = [
    (
        OPENAI,
        "m",
        "Unsupported value: 'temperature' does not support 0.7 with this model.",
        "temperature",
        {"sampling": "none"},
    ),
    (OPENAI, "m", "Unsupported parameter: 'top_p' is not supported with this model.", "top_p", {"sampling": "none"}),
    (OPENAI, "m", "Unrecognized request argument supplied: top_k", "top_k", {"top_k": False}),
    (
        OPENAI,
        "m",
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "max_tokens",
        {"max_tokens_field": "max_completion_tokens"},
    ),
    (
        OPENAI,
        "gpt-4o",
        "max_completion_tokens: extra inputs are not permitted",
        "max_completion_tokens",
        {"max_tokens_field": "max_tokens"},
    ),
    (OPENAI, "o3", "'developer' is not one of ['system', 'assistant']", "role", {"system_role": "system"}),
    (
        OPENAI,
        "o3",
        "Unsupported value: 'messages[0].role' does not support 'developer' with this model.",
        "role",
        {"system_role": "system"},
    ),
    (
        OPENAI,
        "m",
        "Unsupported parameter: 'reasoning_effort' is not supported with this model.",
        "reasoning_effort",
        {"reasoning_effort": False},
    ),
    (
        OPENAI,
        "m",
        "Function tools with reasoning_effort are not supported for this model.",
        "reasoning_effort",
        {"reasoning_effort_with_tools": False},
    ),
    (OPENAI, "m", "Unknown parameter: 'stream_options'.", "stream_options", {"stream_options": False}),
    (ANTHROPIC, "m", "`temperature` is deprecated for this model.", "temperature", {"sampling": "none"}),
    (ANTHROPIC, "m", "temperature: Extra inputs are not permitted", "temperature", {"sampling": "none"}),
    (ANTHROPIC, "m", "top_k: Extra inputs are not permitted", "top_k", {"top_k": False}),
    (ANTHROPIC, "claude-opus-4-8", "role 'system' is not supported on this model", "role", {"mid_system": False}),
    (
        ANTHROPIC,
        "claude-opus-4-8",
        'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter.',
        "role",
        {"mid_system": False},
    ),
]


def refused(message: str, kind: Kind = Kind.UPSTREAM_REJECTED) -> BackendError:
    return BackendError(kind, f"upstream: {message}")


def at(protocol: str, model: str, **overrides: Any) -> Target:
    return Target("openai" if protocol == OPENAI else "anthropic", model, overrides=overrides)


@pytest.mark.parametrize(("protocol", "model", "message", "field", "known"), REFUSALS)
def test_a_refusal_teaches_what_to_do_without(
    protocol: str, model: str, message: str, field: str, known: dict[str, Any]
) -> None:
    lessons = Lessons()
    asked = at(protocol, model)
    assert lessons.learn(asked, protocol, refused(message)) == field
    assert lessons.overrides(asked) == known
    # Learnt once, it explains nothing more.
    assert lessons.learn(asked, protocol, refused(message)) is None


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens is too large: 99999. This model supports at most 4096 completion tokens.",
        "temperature: Input must be less than 1",
        "temperature: Input should be greater than or equal to 0",
        "temperature should be between 0 and 1",
        "top_p: 7 is not allowed, expected at most 1",
        "Range of max_tokens should be [1, 8192]",
        "top_k should be >= 1",
        "messages.0.content: text is required",
        "Your prompt was flagged.",
        "",
    ],
)
def test_a_refusal_of_something_else_teaches_nothing(message: str) -> None:
    lessons = Lessons()
    assert lessons.learn(at(OPENAI, "m"), OPENAI, refused(message)) is None
    assert lessons.overrides(at(OPENAI, "m")) == {}


def test_another_kind_of_failure_teaches_nothing() -> None:
    words = "temperature is not supported"
    assert Lessons().learn(at(OPENAI, "m"), OPENAI, refused(words, Kind.UPSTREAM_RATE_LIMITED)) is None


def test_two_fields_that_exclude_each_other_leave_one() -> None:
    lessons = Lessons()
    words = "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
    assert lessons.learn(at(ANTHROPIC, "m", sampling="full"), ANTHROPIC, refused(words)) is None
    full = at(OPENAI, "m")
    assert profile_of(OPENAI, "m", {}).sampling == "full"
    assert lessons.learn(full, OPENAI, refused(words)) == "top_p"
    assert lessons.overrides(full) == {"sampling": "one"}


def test_an_operators_word_goes_before_what_was_learnt() -> None:
    lessons = Lessons()
    words = "temperature is not supported"
    assert lessons.learn(at(OPENAI, "m", sampling="full"), OPENAI, refused(words)) is None
    assert lessons.learn(at(OPENAI, "m"), OPENAI, refused(words)) == "temperature"
    assert lessons.overrides(at(OPENAI, "m", sampling="full")) == {"sampling": "full"}


def test_what_is_learnt_of_one_model_is_not_said_of_another(upstream: Upstream) -> None:
    lessons = Lessons()
    lessons.learn(target(upstream, OPENAI, model="m"), OPENAI, refused("temperature is not supported"))
    assert lessons.overrides(target(upstream, OPENAI, model="m"))
    assert not lessons.overrides(target(upstream, OPENAI, model="n"))
    assert not lessons.overrides(target(upstream, ANTHROPIC, model="m"))
    assert not lessons.overrides(at(OPENAI, "m"))


def test_no_more_is_remembered_than_fits() -> None:
    lessons = Lessons(most=3)
    for number in range(10):
        lessons.learn(at(OPENAI, f"m{number}"), OPENAI, refused("top_k is not supported"))
    assert [number for number in range(10) if lessons.overrides(at(OPENAI, f"m{number}"))] == [7, 8, 9]


NO_TOP_K = refusal(
    400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Unknown field: top_k"}}
)
TRANSLATED = pytest.mark.parametrize(("client", "backend"), [pair for pair in CLOUD if pair[0] != pair[1]])
STREAM = pytest.mark.parametrize("stream", [False, True])


@TRANSLATED
@STREAM
async def test_a_refused_field_is_left_out_at_once_and_from_then_on(
    upstream: Upstream, client: str, backend: str, stream: bool
) -> None:
    asked, way = incoming(client, stream=stream, top_k=5), route(target(upstream, backend))
    async with executing() as executor:
        upstream.script(NO_TOP_K)
        answer = await executor.execute(asked, way)
        assert b"ello" in await read(answer)
        assert (answer.attempts, answer.fallback_reason) == (2, None)
        assert "top_k;reason=refused_upstream" in dict(answer.headers)["x-mlxmanager-warning"]
        again = await executor.execute(asked, way)
        await read(again)
    assert again.attempts == 1
    assert ["top_k" in received.json() for received in upstream.requests] == [True, False, False]


@TRANSLATED
async def test_a_second_refusal_is_final(upstream: Upstream, client: str, backend: str) -> None:
    upstream.script(NO_TOP_K, NO_TOP_K, NO_TOP_K)
    async with executing() as executor:
        with pytest.raises(AttemptsFailed) as caught:
            await executor.execute(incoming(client, stream=False, top_k=5), route(target(upstream, backend)))
    assert (caught.value.kind, caught.value.attempts) == (Kind.UPSTREAM_REJECTED, 2)
    assert "top_k;reason=refused_upstream" in caught.value.warning
    assert len(upstream.requests) == 2


@pytest.mark.parametrize("protocol", [OPENAI, ANTHROPIC])
async def test_what_passes_as_it_came_is_not_tried_again(upstream: Upstream, protocol: str) -> None:
    upstream.script(NO_TOP_K)
    async with executing() as executor:
        with pytest.raises(AttemptsFailed):
            await executor.execute(incoming(protocol, stream=False, top_k=5), route(target(upstream, protocol)))
    assert len(upstream.requests) == 1


@TRANSLATED
async def test_a_strict_route_leaves_nothing_out(upstream: Upstream, client: str, backend: str) -> None:
    upstream.script(NO_TOP_K)
    asked = incoming(client, stream=False, strict=True, top_k=5)
    async with executing() as executor:
        with pytest.raises(AttemptsFailed):
            await executor.execute(asked, route(target(upstream, backend)))
    assert len(upstream.requests) == 1
