"""Figures as lines of text."""

from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.overhead.idle import Idle
from benchmarks.overhead.measure import Figures, Scenario
from benchmarks.overhead.processes import Place


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
