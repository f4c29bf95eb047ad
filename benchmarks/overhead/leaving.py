"""How soon an upstream learns that a client has left: before the answer, and in the middle of a stream."""

import asyncio
import contextlib
import time
from dataclasses import dataclass

from benchmarks.overhead.client import Ask, Clients
from benchmarks.overhead.measure import CHAT, MESSAGES
from benchmarks.overhead.processes import Place
from benchmarks.overhead.upstream import Upstream
from benchmarks.overhead.waiting import until

GPT, CLAUDE = "gpt-bench-c1-hang", "claude-bench-c1-hang"
TIMES = 20
# For what the upstream has sent to reach the client.
UNDER_WAY = 0.05


@dataclass(frozen=True, slots=True)
class Leaving:
    """`closed`: the most seconds from a client's leaving until its upstream's connection was closed."""

    name: str
    closed: float


async def leaving(place: Place, upstream: Upstream) -> list[Leaving]:
    asks = {
        "plain O→O": Ask(CHAT, GPT, place.key),
        "plain A→O": Ask(MESSAGES, GPT, place.key),
        "stream O→O": Ask(CHAT, GPT, place.key, stream=True),
        "stream A→A": Ask(MESSAGES, CLAUDE, place.key, stream=True),
        "stream O→A": Ask(CHAT, CLAUDE, place.key, stream=True),
        "stream A→O": Ask(MESSAGES, GPT, place.key, stream=True),
    }
    return [
        Leaving(name, max([await closed(place, upstream, ask) for _ in range(TIMES)])) for name, ask in asks.items()
    ]


async def closed(place: Place, upstream: Upstream, ask: Ask) -> float:
    clients = Clients(place.url, 1)
    await clients.connect()
    asking = asyncio.ensure_future(clients.ask(ask, 1))
    await until(lambda: len(upstream.hanging) == 1)
    await asyncio.sleep(UNDER_WAY)
    clients.close()
    left = time.perf_counter()
    await until(lambda: not upstream.hanging)
    took = time.perf_counter() - left
    with contextlib.suppress(ConnectionError):
        await asking
    return took
