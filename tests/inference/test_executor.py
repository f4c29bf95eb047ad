"""What a client is told of attempts: of the one that answered, and of those that failed."""

import dataclasses
import gc
import json
import sys
import time
from types import ModuleType
from typing import Any

import msgspec
import pytest

from inference.errors import BackendError, GatewayError, Kind
from inference.executor import Executor
from inference.failures import AttemptsFailed, Failure, summed_up
from inference.translate import CLIENT_CODECS
from routing.route import Target
from tests.answers import Answer, plain, refusal
from tests.inference.exchanges import ANTHROPIC, OPENAI
from tests.inference.executing import CLOUD, executing, incoming, read, route, target
from tests.upstreams import Upstream

PAIRS = pytest.mark.parametrize(("client", "backend"), CLOUD)
TRANSLATED = pytest.mark.parametrize(("client", "backend"), [pair for pair in CLOUD if pair[0] != pair[1]])
WEAKENED: dict[str, dict[str, Any]] = {
    OPENAI: {"seed": 7, "store": True},
    ANTHROPIC: {"speed": "fast"},
}


async def failure(
    executor: Executor, upstream: Upstream, *, client: str, backend: str, **fields: Any
) -> AttemptsFailed:
    asked = incoming(client, stream=False, **fields)
    with pytest.raises(AttemptsFailed) as caught:
        await executor.execute(asked, route(target(upstream, backend)))
    return caught.value


@TRANSLATED
@pytest.mark.parametrize("stream", [False, True])
async def test_what_was_left_out_is_told_with_any_answer(
    upstream: Upstream, client: str, backend: str, stream: bool
) -> None:
    async with executing() as executor:
        asked = incoming(client, stream=stream, **WEAKENED[client])
        answer = await executor.execute(asked, route(target(upstream, backend)))
        await read(answer)
    assert ";reason=" in dict(answer.headers)["x-mlxmanager-warning"]


@PAIRS
async def test_a_stream_that_has_begun_holds_no_prompt(upstream: Upstream, client: str, backend: str) -> None:
    asked = incoming(client, stream=True, messages=[{"role": "user", "content": "a long prompt"}])
    async with executing() as executor:
        answer = await executor.execute(asked, route(target(upstream, backend)))
        body = asked.body
        del asked
        assert sys.getrefcount(body) == 2  # Ours and the call's.
        assert not [held for held in within(answer.body, 4) if isinstance(held, bytes) and b"a long prompt" in held]
        await read(answer)


def within(holder: object, steps: int) -> list[object]:
    """What can be reached from it."""
    found = [holder]
    for _ in range(steps):
        found += [held for held in gc.get_referents(*found) if not isinstance(held, type | ModuleType)]
        found = list({id(one): one for one in found}.values())
    return found


@TRANSLATED
async def test_what_was_left_out_is_told_with_a_failure(upstream: Upstream, client: str, backend: str) -> None:
    upstream.script(refusal(500), refusal(429))
    async with executing() as executor:
        asked = incoming(client, stream=False, **WEAKENED[client])
        with pytest.raises(AttemptsFailed) as caught:
            await executor.execute(asked, route(target(upstream, client), target(upstream, backend)))
    assert (caught.value.attempts, caught.value.kind) == (2, Kind.UPSTREAM_RATE_LIMITED)
    assert ";reason=" in caught.value.warning


@TRANSLATED
async def test_a_model_that_is_unknown_upstream_goes_by_the_name_the_client_knows(
    upstream: Upstream, client: str, backend: str
) -> None:
    upstream.script(refusal(404, {"type": "error", "error": {"type": "not_found_error", "message": "model: target"}}))
    async with executing() as executor:
        error = await failure(executor, upstream, client=client, backend=backend)
    body = json.loads(CLIENT_CODECS[client].render_error(error, "req_1").body)
    assert body["error"]["message"] == "model: asked"


@PAIRS
@pytest.mark.parametrize("page", [b"<html>busy</html>", b"", b"{", b'{"detail":"busy"}', b"\xff"])
async def test_a_refusal_that_no_client_can_read_is_not_relayed(
    upstream: Upstream, client: str, backend: str, page: bytes
) -> None:
    upstream.script(Answer(status=429, headers=(("content-type", "text/html"),), chunks=(page,)))
    async with executing() as executor:
        error = await failure(executor, upstream, client=client, backend=backend)
    assert error.kind is Kind.UPSTREAM_RATE_LIMITED
    assert isinstance(error.cause, BackendError)
    assert error.cause.answer is not None
    assert not error.cause.answer.is_readable


@pytest.mark.parametrize(
    ("waits", "told"),
    [((7, 30), 7), ((None, 30), 30), ((500, 90), 60), ((500, None), 60), ((None, None), None), ((0.2,), 0.2)],
)
def test_the_shortest_wait_is_told_and_none_beyond_a_minute(waits: tuple[float | None, ...], told: float) -> None:
    failures = [
        Failure(GatewayError(Kind.UPSTREAM_RATE_LIMITED, "x", retry_after=wait), Target("openai", "m"), OPENAI)
        for wait in waits
    ]
    assert summed_up(failures, "asked").retry_after == told


async def test_a_refusal_that_is_final_names_no_time_to_come_back(upstream: Upstream) -> None:
    upstream.script(refusal(400, headers=(("retry-after", "7"),)))
    async with executing() as executor:
        error = await failure(executor, upstream, client=OPENAI, backend=ANTHROPIC)
    assert CLIENT_CODECS[OPENAI].render_error(error, "req_1").headers == ()


@pytest.mark.parametrize("protocol", [OPENAI, ANTHROPIC])
async def test_an_answer_in_another_form_has_the_type_of_its_own(upstream: Upstream, protocol: str) -> None:
    whole = {OPENAI: {"id": "x", "choices": [{"message": {"content": "Hi"}}]}, ANTHROPIC: {"id": "x", "content": []}}
    upstream.script(plain(whole[protocol]))
    async with executing() as executor:
        answer = await executor.execute(incoming(protocol, stream=True), route(target(upstream, protocol)))
        assert (await read(answer)).startswith((b"data: ", b"event: "))
    assert "content-type" not in dict(answer.headers)


@pytest.mark.parametrize(("told", "relayed"), [("application/json; charset=utf-8", True), ("text/plain", False)])
async def test_a_content_type_is_relayed_where_it_is_true(upstream: Upstream, told: str, relayed: bool) -> None:
    upstream.script(Answer(headers=(("content-type", told),), chunks=(b'{"id":"x","choices":[]}',)))
    async with executing() as executor:
        answer = await executor.execute(incoming(OPENAI, stream=False), route(target(upstream, OPENAI)))
    assert (dict(answer.headers).get("content-type") == told) is relayed


async def test_an_upstreams_own_headers_stay_behind(upstream: Upstream) -> None:
    hidden = (
        "set-cookie",
        "server",
        "cf-ray",
        "openai-organization",
        "openai-project",
        "x-should-retry",
        "retry-after",
    )
    kept = ("openai-processing-ms", "x-ratelimit-remaining-tokens")
    headers = tuple((name, "1") for name in (*hidden, *kept))
    upstream.script(plain({"id": "x", "choices": []}, headers=headers))
    async with executing() as executor:
        answer = await executor.execute(incoming(OPENAI, stream=False), route(target(upstream, OPENAI)))
    assert {name for name, _ in answer.headers} == {"content-type", *kept}


async def test_all_attempts_together_take_no_longer_than_the_client_waits(upstream: Upstream) -> None:
    slow = dataclasses.replace(refusal(503), delay=0.6)
    upstream.script(slow, slow, slow, slow)
    async with executing() as executor:
        asked = msgspec.structs.replace(incoming(OPENAI, stream=False), until=time.monotonic() + 1)
        began = time.monotonic()
        with pytest.raises(AttemptsFailed) as caught:
            await executor.execute(asked, route(target(upstream, OPENAI), target(upstream, ANTHROPIC)))
    assert caught.value.attempts == 2
    assert time.monotonic() - began < 1.5
