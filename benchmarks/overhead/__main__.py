"""Measures the gateway beside a raw relay, in turn, and prints a table. Linux alone.

    python -m benchmarks.overhead [--rounds N] [--litellm PROGRAM] [--streams N] [--others N] [--gate]

`--streams` holds so many streams open that say nothing, `--others` adds a gateway with so many mappings and client keys
more; 0 leaves either out. `--gate` measures little, and exits 1 where a request or a chunk costs far more than it may.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import ExitStack

import uvloop

from benchmarks.overhead import report
from benchmarks.overhead.idle import idle
from benchmarks.overhead.measure import Scenario, measured
from benchmarks.overhead.processes import Place, litellm, product, raw_relay
from benchmarks.overhead.scenarios import GATE, MODELS, PLAIN, RELAYED, TRANSLATED
from benchmarks.overhead.upstream import Upstream


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--litellm", default="")
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--others", type=int, default=0)
    parser.add_argument("--gate", action="store_true")
    options = parser.parse_args()
    sys.exit(uvloop.run(gate(options.rounds) if options.gate else whole(options)))


async def whole(options: argparse.Namespace) -> int:
    upstream = Upstream()
    port = await upstream.start()
    with ExitStack() as running:
        relay, ours = await started(running, port)
        others = []
        if options.litellm:
            others.append(
                await asyncio.to_thread(running.enter_context, litellm(port, MODELS, program=options.litellm))
            )
        print(report.head([relay, ours, *others]))
        print(f"idle MiB | {' | '.join(f'{place.memory():.0f}' for place in (relay, ours, *others))}")
        for scenario in RELAYED:
            figures = await measured(scenario, [relay, ours, *others], options.rounds)
            print(report.row(scenario, figures), flush=True)
        for scenario in TRANSLATED:
            figures = await measured(scenario, [ours, *others], options.rounds)
            print(report.row(scenario, figures), flush=True)
        if options.streams:
            # Not the relay's, which does not notice that a client left.
            print(report.open_streams(ours, await idle(ours, upstream, options.streams)), flush=True)
        if options.others:
            await many(running, port, ours, options)
    upstream.close()
    return 0


async def many(running: ExitStack, port: int, few: Place, options: argparse.Namespace) -> None:
    name = f"with {options.others:,} mappings and keys more"
    full = await asyncio.to_thread(running.enter_context, product(port, name=name, others=options.others))
    print(report.row(PLAIN[0], await measured(PLAIN[0], [few, full], options.rounds)), flush=True)


async def gate(rounds: int) -> int:
    """1 where the product costs more than it may, twice over."""
    upstream = Upstream()
    port = await upstream.start()
    with ExitStack() as running:
        places = await started(running, port)
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


async def started(running: ExitStack, port: int) -> tuple[Place, Place]:
    """The upstream answers meanwhile."""
    relay = await asyncio.to_thread(running.enter_context, raw_relay(port))
    return relay, await asyncio.to_thread(running.enter_context, product(port))


if __name__ == "__main__":
    main()
