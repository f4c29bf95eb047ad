"""What one request, or one chunk of a stream, costs each of several gateways, from rounds that are run in turn.

A shared machine makes a process look slower, never faster: the cheapest of its rounds is taken.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.overhead.client import Ask, Clients, Told
from benchmarks.overhead.processes import Place

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"


@dataclass(frozen=True, slots=True)
class Scenario:
    """`per`: what the CPU time is counted for, a "request" or a "chunk". Each answer must have so many `chunks`."""

    name: str
    path: str
    model: str
    clients: int
    times: int
    per: str = "request"
    chunks: int = 1
    words: int = 1000

    def warm_up(self, place: Place) -> Ask:
        return Ask(self.path, self.model, place.key, words=self.words)

    def ask(self, place: Place) -> Ask:
        return Ask(self.path, self.model, place.key, stream=self.per == "chunk", words=self.words)


@dataclass
class Figures:
    """Of each round: `cpu` in microseconds, `rate` in requests a second; of each request: the others, in ms."""

    cpu: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)

    @property
    def cheapest(self) -> float:
        return min(self.cpu)


class WrongAnswers(Exception):
    """A gateway answered something else than was asked: its figures would be worth nothing."""


async def measured(scenario: Scenario, places: Sequence[Place], rounds: int) -> dict[str, Figures]:
    """Raises WrongAnswers."""
    figures = {place.name: Figures() for place in places}
    for _ in range(rounds):
        for place in places:
            await one_round(scenario, place, figures[place.name])
    return figures


async def one_round(scenario: Scenario, place: Place, figures: Figures) -> None:
    """With connections of its own: between two rounds a gateway closes those that it takes for unused."""
    clients = Clients(place.url, scenario.clients)
    try:
        await clients.connect()
        await clients.ask(scenario.warm_up(place), 1)
        before, began = place.cpu(), time.perf_counter()
        told = await clients.ask(scenario.ask(place), scenario.times)
        spent, took = place.cpu() - before, time.perf_counter() - began
    finally:
        clients.close()
    check(scenario, place, told)
    figures.cpu.append(spent / len(told) / (scenario.chunks if scenario.per == "chunk" else 1) * 1e6)
    figures.rate.append(len(told) / took)
    figures.first += [one.first * 1000 for one in told]
    figures.whole += [one.whole * 1000 for one in told]


def check(scenario: Scenario, place: Place, told: Sequence[Told]) -> None:
    bad = [one for one in told if one.status != 200 or one.chunks != scenario.chunks]
    if bad:
        raise WrongAnswers(f"{place.name}, {scenario.name}: {len(bad)} of {len(told)} are wrong, as {bad[0]}.")
