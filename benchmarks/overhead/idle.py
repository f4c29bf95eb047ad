"""Streams that are open and say nothing: the memory they take, and how soon an upstream learns that its client left."""

import asyncio
import time
from dataclasses import dataclass

from benchmarks.overhead.client import Ask, Clients
from benchmarks.overhead.measure import CHAT
from benchmarks.overhead.processes import Place
from benchmarks.overhead.upstream import Upstream
from benchmarks.overhead.waiting import until

AT_ONCE = 50
SETTLING = 2.0


@dataclass(frozen=True, slots=True)
class Idle:
    """Memory in MiB. `closed`: seconds until the last of the upstream's connections was closed."""

    streams: int
    before: float
    after: float
    closed: float


async def idle(place: Place, upstream: Upstream, streams: int) -> Idle:
    ask = Ask(CHAT, "gpt-bench-c2-hang", place.key, stream=True)
    before = place.memory()
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
    await until(lambda: not upstream.hanging)
    return Idle(len(held) * AT_ONCE, before, after, time.perf_counter() - left)
