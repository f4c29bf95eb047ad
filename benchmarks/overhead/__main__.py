"""Measures the gateway beside a raw relay, in turn, and prints a table. Linux alone.

    python -m benchmarks.overhead [--rounds N] [--litellm PROGRAM] [--streams N] [--others N] [--processes N] [--gate]

`--streams` holds so many streams open that say nothing, `--others` adds a gateway with so many mappings and client keys
more, `--processes` one with so many web processes; 0 leaves any of them out. `--gate` measures little, and exits 1
where a request or a chunk costs far more than it may.
"""

import argparse
import asyncio
import sys
from contextlib import AbstractContextManager, ExitStack

import uvloop

from benchmarks.overhead import report
from benchmarks.overhead.gate import gate
from benchmarks.overhead.idle import idle
from benchmarks.overhead.leaving import leaving
from benchmarks.overhead.local import STREAMS, local
from benchmarks.overhead.measure import measured
from benchmarks.overhead.processes import Place, litellm, place_of, product, raw_relay
from benchmarks.overhead.scenarios import MODELS, PLAIN, RELAYED, TRANSLATED
from benchmarks.overhead.several import several
from benchmarks.overhead.upstream import Upstream


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--litellm", default="")
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--others", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--gate", action="store_true")
    options = parser.parse_args()
    sys.exit(uvloop.run(gate(options.rounds) if options.gate else whole(options)))


async def whole(options: argparse.Namespace) -> int:
    upstream = Upstream()
    port = await upstream.start()
    with ExitStack() as running:
        relay = await started(running, raw_relay(port))
        ours = place_of(await started(running, product(port)))
        beside = [await started(running, litellm(port, MODELS, program=options.litellm))] if options.litellm else []
        await relayed(relay, [ours, *beside], options.rounds)
        print(report.leaving(ours, await leaving(ours, upstream)), flush=True)
        if options.streams:
            # Not the relay's, which does not notice that a client left.
            print(report.open_streams(ours, await idle(ours, upstream, options.streams)), flush=True)
        if options.others:
            await with_others(port, ours, options)
        if options.processes:
            await with_processes(port, ours, options)
    upstream.close()
    await from_the_worker(options.rounds)
    return 0


async def started[T](running: ExitStack, context: AbstractContextManager[T]) -> T:
    """The upstream answers meanwhile."""
    return await asyncio.to_thread(running.enter_context, context)


async def relayed(relay: Place, others: list[Place], rounds: int) -> None:
    places = [relay, *others]
    print(report.head(places))
    print(f"idle MiB | {' | '.join(f'{place.memory():.0f}' for place in places)}")
    for scenario in RELAYED:
        print(report.row(scenario, await measured(scenario, places, rounds)), flush=True)
    for scenario in TRANSLATED:
        print(report.row(scenario, await measured(scenario, others, rounds)), flush=True)


async def with_others(port: int, few: Place, options: argparse.Namespace) -> None:
    with ExitStack() as running:
        gateway = await started(running, product(port, others=options.others))
        full = place_of(gateway, f"with {options.others:,} mappings and keys more")
        print(report.head([few, full]))
        for scenario in PLAIN:
            print(report.row(scenario, await measured(scenario, [few, full], options.rounds)), flush=True)


async def with_processes(port: int, one: Place, options: argparse.Namespace) -> None:
    with ExitStack() as running:
        gateway = await started(running, product(port, web=options.processes))
        found = await several(PLAIN[0], one, gateway, options.rounds)
        print(report.several(PLAIN[0], found), flush=True)


async def from_the_worker(rounds: int) -> None:
    with ExitStack() as running:
        ours = await started(running, local())
        for streams in STREAMS:
            print(report.local(streams, await ours.measured(streams, rounds)), flush=True)


if __name__ == "__main__":
    main()
