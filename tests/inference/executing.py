"""Whole requests through the executor, to upstreams that are real servers."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from credentials.secret import Secret
from inference.backends.transport import AiohttpTransport
from inference.clouds import cloud_backends
from inference.executor import Answer, Executor
from inference.incoming import Incoming
from inference.relay import Relay, Timing
from routing.route import Route, Target, Upstream
from tests.inference.backends.conversation import LOOPBACK
from tests.inference.exchanges import ANTHROPIC, OPENAI, ask
from tests.upstreams import Upstream as Server

BACKENDS = {OPENAI: "openai", ANTHROPIC: "anthropic"}
CLOUD = [(client, backend) for client in (OPENAI, ANTHROPIC) for backend in (OPENAI, ANTHROPIC)]
QUICK = Timing(hold=0.1, keepalive=0.15, ending=0.2, content=30.0)


@asynccontextmanager
async def executing(timing: Timing = QUICK) -> AsyncIterator[Executor]:
    async with AiohttpTransport(LOOPBACK) as transport:
        yield Executor(cloud_backends(transport), timing)


def incoming(protocol: str, *, stream: bool, strict: bool = False, tenant: str = "1", **fields: Any) -> Incoming:
    asked = ask(protocol, stream=stream, **fields)
    return Incoming(
        request_id=asked.request_id,
        protocol=protocol,
        body=asked.body,
        model=asked.model,
        stream=stream,
        created=asked.created,
        headers=(),
        tenant=tenant,
        first_byte=5,
        idle=5,
        strict=strict,
    )


def target(
    server: Server, protocol: str, *, model: str = "target", overrides: Mapping[str, Any] | None = None
) -> Target:
    upstream = Upstream(1, "default", server.url, Secret("sk-provider-key-of-the-tests"))
    return Target(BACKENDS[protocol], model, upstream, overrides=overrides or {})


def route(*targets: Target) -> Route:
    return Route("asked", 1, targets)


async def read(answer: Answer) -> bytes:
    if isinstance(answer.body, bytes):
        return answer.body
    try:
        return b"".join([part async for part in answer.body])
    finally:
        await answer.body.aclose()


async def parts(relay: Relay) -> AsyncGenerator[bytes]:
    """Those with anything in them."""
    try:
        async for part in relay:
            if part:
                yield part
    finally:
        await relay.aclose()
