"""The book of memory: what each loaded model takes, and what its requests will have taken when they are answered.

Nothing here is measured while requests run. A request is begun only if its whole answer has room, so that no step can
fail for want of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inference.budget import readable
from inference.errors import GatewayError, Kind
from inference.footprints import CACHE_STEP, CHUNK, READ_TOGETHER, Working


@dataclass(frozen=True, slots=True)
class CacheLayer:
    """A layer's cache for one row, in bytes. `most`: it keeps only so many tokens; None: all."""

    fixed: int
    token: int
    most: int | None = None

    def bytes(self, tokens: int) -> int:
        return self.fixed + self.token * (tokens if self.most is None else min(tokens, self.most))


@dataclass(frozen=True, slots=True)
class Need:
    """`held` as long as a request runs, `passing` during a step: of models that take turns, one has it at a time."""

    held: int = 0
    passing: int = 0

    @property
    def whole(self) -> int:
        return self.held + self.passing


@dataclass(frozen=True, slots=True)
class Cost:
    """What a loaded model takes: its weights in bytes, and what follows from the lengths of its rows."""

    weights: int
    layers: tuple[CacheLayer, ...]
    working: Working

    def row(self, tokens: int) -> int:
        return sum(layer.bytes(tokens) for layer in self.layers)

    def of_rows(self, lengths: Sequence[int], *, judged: int = 0) -> Need:
        """For rows answered at once, whose prompt and answer have so many tokens. All are padded to the longest.

        So many tokens beside the rows' own are `judged` in a step: each takes as much as a row that is drawn from.
        """
        if not lengths:
            return Need()
        longest = -(-max(lengths) // CACHE_STEP) * CACHE_STEP
        read = min(len(lengths), READ_TOGETHER) * min(CHUNK, longest)
        # A row that has read its prompt is copied to those that write.
        passing = self.row(longest) + self.working.bytes(read=read, seen=longest, rows=len(lengths) + judged)
        return Need(len(lengths) * self.row(longest), passing)


def free(budget: int, weights: Iterable[int], needs: Iterable[Need]) -> int:
    """Bytes that are left; fewer than none where a model turned out larger than it was thought."""
    rows = list(needs)
    held = sum(weights) + sum(need.held for need in rows)
    return budget - held - max((need.passing for need in rows), default=0)


def too_long(name: str, tokens: int, needs: int, *, room: int, param: str) -> GatewayError:
    """For a request whose answer can never have room."""
    message = (
        f"{tokens} tokens of prompt and answer do not fit: they need {readable(needs)} of memory with {name}, and "
        f"MLXMANAGER_MEMORY_BUDGET leaves {readable(max(room, 0))} beside its weights."
    )
    return GatewayError(Kind.CONTEXT_DOES_NOT_FIT, message, param=param)
