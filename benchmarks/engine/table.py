"""What was measured, as Markdown: medians of the rounds, and how many times better one server was in the same round."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.engine import scenarios
from benchmarks.engine.scenarios import Figures, Run


@dataclass(frozen=True, slots=True)
class Row:
    """`target`: how many times as many tokens a second, or for arrivals how many times sooner."""

    name: str
    run: Run
    target: float
    sooner: bool = False

    def better(self, ours: Figures, theirs: Figures) -> float:
        return theirs.waited / ours.waited if self.sooner else ours.rate / theirs.rate


ROWS = (
    Row("1 stream", scenarios.one, 0.95),
    Row("8 streams", scenarios.together, 3),
    Row("8 streams, shared prefix of 430 tokens", scenarios.shared, 1.4),
    Row("8 streams, distinct prompts of 460 tokens", scenarios.distinct, 2),
    Row("first token of arrivals while 4 write", scenarios.arrivals, 4, sooner=True),
    Row("8 streams with seeds", scenarios.seeded, 10),
)

type Pair = tuple[Figures, Figures]


def line(row: Row, rounds: Sequence[Pair]) -> str:
    ratio = statistics.median(row.better(*pair) for pair in rounds)
    ours, theirs = ([pair[place] for pair in rounds] for place in (0, 1))
    met = "yes" if ratio >= row.target else "no"
    return f"| {row.name} | {shown(row, ours)} | {shown(row, theirs)} | {ratio:.2f} | {row.target:g} | {met} |"


def shown(row: Row, rounds: Sequence[Figures]) -> str:
    waited = f"{1000 * statistics.median(one.waited for one in rounds):.0f} ms"
    return waited if row.sooner else f"{statistics.median(one.rate for one in rounds):.0f} tok/s, {waited}"


def head(ours: str, theirs: str) -> str:
    return f"| | {ours} | {theirs} | times better | wanted | met |\n|---|---|---|---|---|---|"
