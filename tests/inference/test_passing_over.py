"""A target that failed lately is passed over as long as another can answer. The upstreams are real servers."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import msgspec
import pytest

from inference.backends.transport import AiohttpTransport
from inference.clouds import cloud_backends
from inference.cooldowns import Cooldowns
from inference.errors import Kind
from inference.executor import Answer, Executor
from inference.failures import AttemptsFailed
from inference.translate import CLIENT_CODECS
from routing.route import Target
from tests import upstreams
from tests.answers import Answer as Scripted
from tests.answers import plain, refusal
from tests.inference.backends.conversation import LOOPBACK
from tests.inference.exchanges import ANTHROPIC, OPENAI
from tests.inference.executing import QUICK, incoming, read, route, target

SILENCE = Scripted(raw=b"", ending="hang")
CLIENTS = pytest.mark.parametrize("client", [OPENAI, ANTHROPIC])


@dataclass
class Two:
    """Two upstreams of one route, and a clock that the test turns."""

    executor: Executor
    first: upstreams.Upstream
    second: upstreams.Upstream
    now: list[float]

    @property
    def targets(self) -> tuple[Target, Target]:
        return target(self.first, OPENAI), target(self.second, OPENAI)

    async def ask(self, *targets: Target, client: str = OPENAI, **fields: object) -> Answer:
        answer = await self.executor.execute(
            msgspec.structs.replace(incoming(client, stream=False), **fields),
            route(*(targets or self.targets)),
        )
        await read(answer)
        return answer

    async def failure(self, *targets: Target, client: str = OPENAI) -> AttemptsFailed:
        with pytest.raises(AttemptsFailed) as caught:
            await self.ask(*targets, client=client)
        return caught.value

    @property
    def asked(self) -> tuple[int, int]:
        return len(self.first.requests), len(self.second.requests)


@pytest.fixture
async def two(upstream: upstreams.Upstream, second: upstreams.Upstream) -> AsyncIterator[Two]:
    now = [1000.0]
    async with AiohttpTransport(LOOPBACK) as transport:
        cooldowns = Cooldowns(clock=lambda: now[0])
        yield Two(Executor(cloud_backends(transport), QUICK, cooldowns=cooldowns), upstream, second, now)


@pytest.fixture
def second() -> Iterator[upstreams.Upstream]:
    with upstreams.Upstream() as server:
        yield server


async def test_who_failed_lately_is_not_asked_and_is_told_as_the_reason(two: Two) -> None:
    two.first.script(refusal(429, headers=(("retry-after", "20"),)))
    await two.ask()
    answer = await two.ask(client=ANTHROPIC)
    assert two.asked == (1, 2)
    assert (answer.attempts, answer.fallback_reason) == (1, Kind.UPSTREAM_RATE_LIMITED)
    two.now[0] += 20
    answer = await two.ask()
    assert two.asked == (2, 2)
    assert (answer.attempts, answer.fallback_reason) == (1, None)


@CLIENTS
async def test_where_all_cool_down_the_soonest_end_is_told(two: Two, client: str) -> None:
    two.first.script(refusal(429, headers=(("retry-after", "20"),)))
    two.second.script(refusal(529))
    await two.failure()
    two.now[0] += 4.5
    error = await two.failure(client=client)
    assert two.asked == (1, 1)
    assert (error.kind, error.attempts) == (Kind.NO_BACKEND_AVAILABLE, 0)
    rendered = CLIENT_CODECS[client].render_error(error, "req_1")
    assert (rendered.status, dict(rendered.headers)) == (503, {"retry-after": "11"})
    assert (b'"overloaded_error"' if client == ANTHROPIC else b'"no_backend_available"') in rendered.body


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ((401, 401), Kind.UPSTREAM_AUTH_FAILED),
        ((404, 404), Kind.UPSTREAM_MODEL_NOT_FOUND),
        ((401, 529), Kind.NO_BACKEND_AVAILABLE),
        ((529, 402), Kind.NO_BACKEND_AVAILABLE),
    ],
)
async def test_what_no_client_can_wait_for_is_shown_as_it_is(two: Two, statuses: tuple[int, int], kind: Kind) -> None:
    two.first.script(refusal(statuses[0]))
    two.second.script(refusal(statuses[1]))
    await two.failure()
    assert (await two.failure()).kind is kind
    assert two.asked == (1, 1)


async def test_a_fallback_that_fails_too_leaves_the_first_ones_wait(two: Two) -> None:
    two.first.script(refusal(429, headers=(("retry-after", "20"),)))
    await two.ask()
    two.second.script(refusal(404))
    error = await two.failure()
    assert (error.kind, error.retry_after, error.attempts) == (Kind.UPSTREAM_RATE_LIMITED, 20, 1)
    assert "refused" not in error.message


async def test_a_refused_credential_is_not_shown_to_its_upstream_again(two: Two) -> None:
    two.first.script(refusal(401))
    first, _ = two.targets
    for attempts in (1, 0, 0):
        error = await two.failure(first)
        assert (error.kind, error.attempts) == (Kind.UPSTREAM_AUTH_FAILED, attempts)
    assert two.asked == (1, 0)


async def test_a_single_target_is_asked_however_often_it_fails(two: Two) -> None:
    two.first.script(refusal(529), refusal(500), refusal(429))
    first, _ = two.targets
    for kind in (Kind.UPSTREAM_OVERLOADED, Kind.UPSTREAM_ERROR, Kind.UPSTREAM_RATE_LIMITED):
        assert (await two.failure(first)).kind is kind
    await two.ask(first)
    assert two.asked == (4, 0)


async def test_a_try_and_its_retry_count_once(two: Two) -> None:
    two.first.script(refusal(503), refusal(503))
    await two.ask()
    two.now[0] += 5
    assert (await two.ask()).fallback_reason is None


async def test_of_many_one_finds_out_and_the_others_go_on(two: Two) -> None:
    two.first.script(refusal(500), plain({"id": "x", "choices": []}, delay=0.3))
    await two.ask()
    two.now[0] += 5
    answers = await asyncio.gather(*[two.ask() for _ in range(6)])
    assert sorted(answer.fallback_reason is None for answer in answers) == [False] * 5 + [True]
    assert two.asked == (2, 6)


async def test_a_client_in_a_hurry_does_not_cool_a_target_down(two: Two) -> None:
    # Enough for the second's answer, however busy the machine is; the first gives none.
    began = time.monotonic()
    await two.ask(two.targets[1])
    patience = max(0.05, 20 * (time.monotonic() - began))
    two.first.script(*[SILENCE] * 6)
    for _ in range(3):
        await two.ask(first_byte=patience, is_hurried=True)
    assert two.asked == (3, 4)
    for _ in range(3):
        await two.ask(first_byte=patience)
    assert two.asked == (5, 7)
