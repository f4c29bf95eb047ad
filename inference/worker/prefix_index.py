"""Which kept beginning serves a prompt best. Knows tokens and sizes, and nothing of what is kept.

The sequences of a space stand in order, so that those with the most in common stand side by side.
"""

import struct
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH = 4
# Of what may be cut back, an older sequence goes once this much of it stands in a newer one.
SHARE = 0.9


def pack(tokens: Sequence[int]) -> bytes:
    """Bytes whose order is that of the tokens."""
    return struct.pack(f">{len(tokens)}I", *tokens)


def common(one: bytes, other: bytes) -> int:
    """The length of the common beginning, in bytes."""
    most = min(len(one), len(other)) // WIDTH
    return WIDTH * bisect_left(range(1, most + 1), True, key=lambda n: one[: n * WIDTH] != other[: n * WIDTH])


@dataclass(frozen=True, slots=True)
class Prefix[V]:
    """`trims`: it can be cut back, and so serves whatever begins as it does. `size` is in bytes."""

    space: str
    tokens: bytes
    value: V
    size: int
    trims: bool


@dataclass(frozen=True, slots=True)
class Found[V]:
    """`length` is how many bytes of the packed prompt are served."""

    prefix: Prefix[V]
    length: int


class PrefixIndex[V]:
    """`size` is that of all. What was used least recently comes first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, bytes], Prefix[V]] = OrderedDict()
        self._sorted: dict[str, list[bytes]] = {}
        self.size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Prefix[V]]:
        return iter(list(self._kept.values()))

    def find(self, space: str, tokens: bytes) -> Found[V] | None:
        """What serves most of the tokens."""
        found = [Found(prefix, len(prefix.tokens)) for prefix in self._wholes(space, tokens)]
        found += [Found(near, common(near.tokens, tokens)) for near in self._neighbours(space, tokens)]
        best = max(found, key=lambda each: each.length, default=None)
        return best if best and best.length else None

    def get(self, space: str, tokens: bytes) -> Prefix[V] | None:
        return self._kept.get((space, tokens))

    def use(self, prefix: Prefix[V]) -> None:
        key = (prefix.space, prefix.tokens)
        if key in self._kept:
            self._kept.move_to_end(key)

    def covers(self, space: str, tokens: bytes) -> bool:
        """Whether what is kept serves all of the tokens."""
        found = self.find(space, tokens)
        return found is not None and found.length == len(tokens)

    def put(self, prefix: Prefix[V]) -> list[Prefix[V]]:
        """What is no longer kept since most of it stands in the new one."""
        gone = [self._kept[key]] if (key := (prefix.space, prefix.tokens)) in self._kept else []
        if prefix.trims:
            gone += [
                near
                for near in self._neighbours(prefix.space, prefix.tokens)
                if common(near.tokens, prefix.tokens) >= SHARE * len(near.tokens) and near not in gone
            ]
        for each in gone:
            self.remove(each)
        self._kept[key] = prefix
        keys = self._sorted.setdefault(prefix.space, [])
        keys.insert(bisect_left(keys, prefix.tokens), prefix.tokens)
        self.size += prefix.size
        return gone

    def remove(self, prefix: Prefix[V]) -> None:
        del self._kept[prefix.space, prefix.tokens]
        keys = self._sorted[prefix.space]
        del keys[bisect_left(keys, prefix.tokens)]
        if not keys:
            del self._sorted[prefix.space]
        self.size -= prefix.size

    def pop(self) -> Prefix[V]:
        """Drop what was used least recently."""
        prefix = next(iter(self._kept.values()))
        self.remove(prefix)
        return prefix

    def drop(self, space: str) -> None:
        for tokens in list(self._sorted.get(space, [])):
            self.remove(self._kept[space, tokens])

    def _wholes(self, space: str, tokens: bytes) -> Iterator[Prefix[V]]:
        """The longest one that the tokens begin with."""
        keys = self._sorted.get(space, [])
        while place := bisect_right(keys, tokens):
            before = keys[place - 1]
            shared = common(before, tokens)
            if shared == len(before):
                yield self._kept[space, before]
                return
            # Whatever the tokens begin with, and sorts before this one, is a beginning of what the two share.
            tokens = tokens[:shared]

    def _neighbours(self, space: str, tokens: bytes) -> Iterator[Prefix[V]]:
        """Of those that trim, the nearest on either side: no other has more in common with the tokens."""
        keys = self._sorted.get(space, [])
        place = bisect_left(keys, tokens)
        for side in (range(place - 1, -1, -1), range(place, len(keys))):
            trimming = (prefix for i in side if (prefix := self._kept[space, keys[i]]).trims)
            yield from (prefix for prefix, _ in zip(trimming, range(1), strict=False))
