"""Whether several web processes share the work: each answers its part, and a request costs no more than with one.

How many times as many requests they then answer can be measured only where each has a core, and clients and upstream
have others.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.overhead.measure import Figures, Scenario, measured
from benchmarks.overhead.processes import Place, place_of
from benchmarks.overhead.waiting import until
from tests.gateway import Gateway

CORES_BESIDE = 2


@dataclass(frozen=True, slots=True)
class Several:
    """`answered` are the requests of each process; `times` as many as one answers a second, None where unmeasured."""

    figures: Mapping[str, Figures]
    answered: tuple[int, ...]
    times: float | None


async def several(scenario: Scenario, one: Place, gateway: Gateway, rounds: int) -> Several:
    place = place_of(gateway, f"{len(gateway.children('mlxmanager.server'))} web processes")
    before = gateway.answered()
    figures = await measured(scenario, [one, place], rounds)
    wanted = rounds * scenario.clients * (1 + scenario.times)
    await until(lambda: (gateway.answered() - before).total() >= wanted)
    answered = gateway.answered()
    return Several(
        figures,
        tuple(answered[pid] - before[pid] for pid in place.pids),
        times_as_many(figures[one.name], figures[place.name]) if has_room(len(place.pids)) else None,
    )


def times_as_many(one: Figures, several: Figures) -> float:
    return max(several.rate) / max(one.rate)


def has_room(processes: int) -> bool:
    return (os.cpu_count() or 1) >= processes + CORES_BESIDE
