"""Which models leave the memory for another: the ones that were used longest ago, but not before they were of use."""

from collections.abc import Iterable
from dataclasses import dataclass

# A model stays at least so many times as long as it took to load: then at most a fifth of the time goes into loading,
# however requests for models that do not fit together alternate. In seconds, within these bounds.
STAYS = 4
LEAST_STAY = 1.0
LONGEST_STAY = 60.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model in memory that is not pinned. `used_at` is on the monotonic clock."""

    name: str
    weights: int
    is_busy: bool
    has_stayed: bool
    used_at: float


def stay(load_seconds: float) -> float:
    return min(max(STAYS * load_seconds, LEAST_STAY), LONGEST_STAY)


def choose(candidates: Iterable[Candidate], lacking: int, *, busy: bool) -> list[Candidate]:
    """Those that have to leave for so many bytes, idle ones first; none where all of them would not be enough.

    `busy`: models that write answers count as well; they leave once these are finished.
    """
    chosen: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda one: (one.is_busy, one.used_at)):
        if lacking <= 0 or (candidate.is_busy and not busy):
            break
        chosen.append(candidate)
        lacking -= candidate.weights
    return chosen if lacking <= 0 else []
