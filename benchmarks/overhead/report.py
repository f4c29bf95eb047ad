"""Figures as lines of text."""

from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.engine.pace import Pace
from benchmarks.overhead.idle import Idle
from benchmarks.overhead.leaving import TIMES, Leaving
from benchmarks.overhead.measure import Figures, Scenario
from benchmarks.overhead.processes import Place
from benchmarks.overhead.several import Several


def head(places: Sequence[Place]) -> str:
    return f"µs of CPU, in brackets times the first | {' | '.join(place.name for place in places)}"


def row(scenario: Scenario, figures: Mapping[str, Figures]) -> str:
    first = next(iter(figures.values()))
    cells = [f"{one.cheapest:.1f} ({one.cheapest / first.cheapest:.2f})" for one in figures.values()]
    if scenario.clients == 1:
        kind = "first" if scenario.per == "chunk" else "whole"
        cells = [
            f"{cell}, {median(getattr(one, kind)):.2f} ms" for cell, one in zip(cells, figures.values(), strict=True)
        ]
    return f"{scenario.name}, a {scenario.per} | {' | '.join(cells)}"


def open_streams(place: Place, found: Idle) -> str:
    return (
        f"{found.streams} open streams at {place.name}: {found.before:.0f} MiB before, {found.after:.0f} with them; "
        f"the last upstream was closed {found.closed:.2f} s after the clients left"
    )


def leaving(place: Place, found: Sequence[Leaving]) -> str:
    shown = ", ".join(f"{one.name} {1000 * one.closed:.0f} ms" for one in found)
    return f"{place.name}, from a client's leaving to its upstream's end, the longest of {TIMES}: {shown} (wanted: 300)"


def several(scenario: Scenario, found: Several) -> str:
    one, more = found.figures
    parts = ", ".join(f"{100 * part / sum(found.answered):.0f} %" for part in found.answered)
    times = "not measured on so few cores" if found.times is None else f"{found.times:.2f}"
    return (
        f"{one} | {more}\n{row(scenario, found.figures)}\n"
        f"of the requests they answered {parts}; times as many a second (wanted: 1.8): {times}"
    )


def local(streams: int, paces: Sequence[Pace]) -> str:
    """In microseconds, of the cheapest round."""
    costs = [pace.cost for pace in paces if pace.cost is not None]
    return f"local, {streams} streams, a token and client | {min(costs):.1f} (wanted: 60)"
