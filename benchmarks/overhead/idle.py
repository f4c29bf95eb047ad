"""Streams that are open and say nothing: the memory they take, and how soon an upstream learns that its client left."""

import asyncio
import time
from dataclasses import dataclass

from benchmarks.overhead.client import Ask, Clients
from benchmarks.overhead.measure import CHAT
from benchmarks.overhead.processes import Place
from benchmarks.overhead.upstream import Upstream

AT_ONCE = 50
SETTLING = 2.0
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Idle:
    """Memory in MiB. `closed`: seconds until the upstream had no more connections than before."""

    streams: int
    before: float
    after: float
    closed: float


async def idle(place: Place, upstream: Upstream, streams: int) -> Idle:
    ask = Ask(CHAT, "gpt-bench-c2-hang", place.key, stream=True)
    before, connections = place.memory(), len(upstream.open)
    held: list[Clients] = []
    try:
        while len(held) * AT_ONCE < streams:
            held.append(Clients(place.url, AT_ONCE))
            await held[-1].connect()
            await held[-1].ask(ask, 1, first_only=True)
        await asyncio.sleep(SETTLING)
        after = place.memory()
    finally:
        for clients in held:
            clients.close()
    left = time.perf_counter()
    async with asyncio.timeout(PATIENCE):
        while len(upstream.open) > connections:  # noqa: ASYNC110 - what is waited for is another process's doing
            await asyncio.sleep(0.01)
    return Idle(len(held) * AT_ONCE, before, after, time.perf_counter() - left)
