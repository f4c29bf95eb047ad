"""What no change may exceed: how many times the raw relay a request or a chunk costs, with a generous margin."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.overhead import report
from benchmarks.overhead.measure import Scenario, measured
from benchmarks.overhead.processes import Place, place_of, product, raw_relay
from benchmarks.overhead.scenarios import GATE
from benchmarks.overhead.upstream import Upstream


async def gate(rounds: int) -> int:
    """1 where the product costs more than it may, twice over."""
    upstream = Upstream()
    port = await upstream.start()
    with ExitStack() as running:
        relay = await asyncio.to_thread(running.enter_context, raw_relay(port))
        places = (relay, place_of(await asyncio.to_thread(running.enter_context, product(port))))
        failed = [scenario.name for scenario, most in GATE.items() if not await passes(scenario, places, most, rounds)]
    upstream.close()
    return 1 if failed else 0


async def passes(scenario: Scenario, places: Sequence[Place], most: float, rounds: int) -> bool:
    for _ in range(2):
        figures = await measured(scenario, places, rounds)
        relay, ours = (figures[place.name].cheapest for place in places)
        print(f"{report.row(scenario, figures)}, at most {most:g} times", flush=True)
        if ours <= most * relay:
            return True
    return False
