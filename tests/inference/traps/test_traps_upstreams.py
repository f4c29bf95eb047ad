"""Traps of what goes out to an upstream, and of what follows where it fails: real servers behind the executor."""

import gzip
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from credentials.secret import Secret
from inference.backends.transport import AiohttpTransport
from inference.clouds import cloud_backends
from inference.errors import GatewayError, Kind
from inference.executor import Executor
from inference.incoming import Incoming
from inference.relay import Relay
from routing.route import Route, Target, Upstream
from tests import upstreams
from tests.answers import events, plain, refusal
from tests.inference.backends.conversation import LOOPBACK
from tests.inference.exchanges import ANTHROPIC, CONTENTS, ERRORS, HEADS, OPENAI, ask
from tests.inference.traps.probes import user
from tests.vendor_answers import TEXT

PROTOCOLS = pytest.mark.parametrize("protocol", [OPENAI, ANTHROPIC])
MODES = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
BACKENDS = {OPENAI: "openai", ANTHROPIC: "anthropic"}


@pytest.fixture
async def executor() -> AsyncIterator[Executor]:
    async with AiohttpTransport(LOOPBACK) as transport:
        yield Executor(cloud_backends(transport))


def target(protocol: str, server: upstreams.Upstream, **rest: Any) -> Target:
    base = server.url + ("/v1" if protocol == OPENAI else "")
    model = "gpt-4.1" if protocol == OPENAI else "claude-sonnet-4-5"
    return Target(BACKENDS[protocol], model, Upstream(1, "default", base, Secret("sk-a-key-of-the-tests"), **rest))


def incoming(protocol: str, *, stream: bool = False, headers: tuple[tuple[str, str], ...] = ()) -> Incoming:
    asked = ask(protocol, stream=stream, messages=[user("Hi")])
    return Incoming(
        request_id=asked.request_id,
        protocol=protocol,
        body=asked.body,
        model=asked.model,
        stream=stream,
        created=asked.created,
        headers=headers,
        tenant="1",
        first_byte=5,
        idle=5,
    )


async def answer(executor: Executor, request: Incoming, *targets: Target) -> bytes:
    found = await executor.execute(request, Route("asked", 1, targets))
    if not isinstance(found.body, Relay):
        return found.body
    try:
        return b"".join([part async for part in found.body])
    finally:
        await found.body.aclose()


@dataclass(frozen=True)
class Two:
    """An upstream, and one to fall back to that speaks the same protocol."""

    executor: Executor
    first: upstreams.Upstream
    second: upstreams.Upstream

    async def answer(self, protocol: str, *, stream: bool = False) -> bytes:
        targets = target(protocol, self.first), target(protocol, self.second)
        return await answer(self.executor, incoming(protocol, stream=stream), *targets)

    @property
    def asked(self) -> tuple[int, int]:
        return len(self.first.requests), len(self.second.requests)


@pytest.fixture
def two(executor: Executor, upstream: upstreams.Upstream) -> Iterator[Two]:
    with upstreams.Upstream() as second:
        yield Two(executor, upstream, second)


@PROTOCOLS
async def test_trap_34_nothing_is_sent_anew_once_something_was_said(two: Two, protocol: str) -> None:
    two.first.script(events(HEADS[protocol], CONTENTS[protocol], ERRORS[protocol], pause=0.05))
    sent = await two.answer(protocol, stream=True)
    assert two.asked == (1, 0)
    assert sent == HEADS[protocol] + CONTENTS[protocol] + ERRORS[protocol]


@PROTOCOLS
async def test_trap_35_an_error_behind_a_mere_head_still_leads_on(two: Two, protocol: str) -> None:
    two.first.script(events(HEADS[protocol], ERRORS[protocol], pause=0.05))
    sent = await two.answer(protocol, stream=True)
    assert two.asked == (1, 1)
    assert b"busy" not in sent
    assert sent.count(b"event: message_start") == (protocol == ANTHROPIC)


@PROTOCOLS
async def test_trap_40_headers_about_a_compressed_body_end_where_it_is_unpacked(
    executor: Executor, upstream: upstreams.Upstream, protocol: str
) -> None:
    body = b'{"id": "x", "content": [], "choices": []}'
    packed = gzip.compress(body)
    upstream.script(plain(packed, headers=(("content-encoding", "gzip"),)))
    found = await executor.execute(incoming(protocol), Route("asked", 1, (target(protocol, upstream),)))
    assert found.body == body
    assert not {name for name, _ in found.headers} & {"content-encoding", "content-length", "transfer-encoding"}


async def test_trap_41_betas_go_where_they_are_known_by_their_beginning(
    executor: Executor, upstream: upstreams.Upstream
) -> None:
    betas = (("anthropic-beta", "structured-outputs-2025-12-15,context-1m-2025-08-07"),)
    request = incoming(ANTHROPIC, headers=betas)
    await answer(executor, request, target(ANTHROPIC, upstream))
    await answer(executor, request, target(ANTHROPIC, upstream, allowed_betas=("structured-outputs-",)))
    await answer(executor, request, target(ANTHROPIC, upstream, allowed_betas=()))
    await answer(executor, request, target(OPENAI, upstream))
    assert [received.header("anthropic-beta") for received in upstream.requests] == [
        "structured-outputs-2025-12-15,context-1m-2025-08-07",
        "structured-outputs-2025-12-15",
        None,
        None,
    ]


@PROTOCOLS
@MODES
@pytest.mark.parametrize("status", [529, 502, 504, 410, 404, 401, 402, 403, 408, 409, 425, 500, 503, 507, 520, 527])
async def test_trap_59_whatever_may_be_better_elsewhere_is_tried_there(
    two: Two, protocol: str, stream: bool, status: int
) -> None:
    two.first.always = refusal(status)
    assert b"refused" not in await two.answer(protocol, stream=stream)
    assert two.asked == (2 if status in (408, 425, 502, 503) else 1, 1)


@PROTOCOLS
@MODES
@pytest.mark.parametrize("wait", [None, "60", "0.2"])
async def test_trap_60_a_limit_leads_on_at_every_endpoint(
    two: Two, protocol: str, stream: bool, wait: str | None
) -> None:
    two.first.always = refusal(429, headers=(("retry-after", wait),) if wait else ())
    await two.answer(protocol, stream=stream)
    assert two.asked == (2 if wait == "0.2" else 1, 1)


@PROTOCOLS
@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refused_request_says_nothing_of_its_upstream(two: Two, protocol: str, status: int) -> None:
    two.first.script(*[refusal(status)] * 5)
    for _ in range(5):
        with pytest.raises(GatewayError) as caught:
            await two.answer(protocol)
        assert caught.value.kind in (Kind.UPSTREAM_REJECTED, Kind.REQUEST_TOO_LARGE)
    assert TEXT.encode() in await two.answer(protocol)
    assert two.asked == (6, 0)


async def test_the_older_version_is_spoken_unless_a_client_names_another(
    executor: Executor, upstream: upstreams.Upstream
) -> None:
    named = (("anthropic-version", "2026-10-21"),)
    await answer(executor, incoming(OPENAI), target(ANTHROPIC, upstream))
    await answer(executor, incoming(ANTHROPIC), target(ANTHROPIC, upstream))
    await answer(executor, incoming(ANTHROPIC, headers=named), target(ANTHROPIC, upstream))
    versions = [received.header("anthropic-version") for received in upstream.requests]
    assert versions == ["2023-06-01", "2023-06-01", "2026-10-21"]
