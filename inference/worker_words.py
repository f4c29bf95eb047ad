"""How the local worker is doing, in words and figures for a page."""

from collections.abc import Iterator
from dataclasses import dataclass

from inference.budget import readable
from inference.protocols import wire
from inference.worker_state import WorkerState


@dataclass(frozen=True, slots=True)
class Resident:
    name: str
    memory: str
    active: int


@dataclass(frozen=True, slots=True)
class Words:
    """`facts` are pairs of what is told and what there is to tell of it."""

    facts: tuple[tuple[str, str], ...]
    residents: tuple[Resident, ...] = ()


def describe(state: WorkerState) -> Words:
    status = state.status
    if status is None:
        reason = state.reason or "nobody has asked it yet"
        return Words((("Worker", reason), *of_restarts(state)))
    residents = tuple(Resident(one.name, readable(one.size), one.active) for one in status.models)
    return Words((*of_status(status), *of_restarts(state)), residents)


def of_status(status: wire.Status) -> Iterator[tuple[str, str]]:
    yield "Worker", f"works, process {status.pid}"
    if status.loading is not None:
        yield "Loading", status.loading
    yield "Memory", f"{readable(status.memory)} of {readable(status.budget)}"
    reading = f", {status.reading} of them with a prompt being read" if status.reading else ""
    yield "Requests", f"{status.active} worked at{reading}; {status.waiting} waiting"
    since = f"{status.written:,} written and {status.read:,} of prompts read since its start"
    yield "Tokens", f"{status.speed:.1f} written a second; {since}"
    yield "Kept prefixes", of_prefixes(status.prefixes)


def of_prefixes(prefixes: wire.Prefixes) -> str:
    asked = prefixes.hits + prefixes.misses
    kept = f"{readable(prefixes.memory)} in memory, {readable(prefixes.disk)} on disk"
    return f"found for {prefixes.hits} of {asked} prompts ({prefixes.hits / asked:.0%}); {kept}" if asked else kept


def of_restarts(state: WorkerState) -> Iterator[tuple[str, str]]:
    own = state.own
    last = f"; the last one {own.reason}" if own.reason is not None else ""
    yield "Restarts", f"{own.count}{last}"
    if state.of_web:
        yield "Restarts of web processes", str(state.of_web)
