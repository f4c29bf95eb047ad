"""Model patterns: exact names, or globs whose only special character is `*`. Pure; imports no Django."""

from collections.abc import Callable, Iterable
from itertools import islice

STAR = "*"


def is_glob(pattern: str) -> bool:
    return STAR in pattern


def literal_prefix(pattern: str) -> str:
    return pattern.partition(STAR)[0]


def literal_ends(pattern: str) -> tuple[str, str]:
    """What a name that the glob matches begins with, and what it ends with."""
    return literal_prefix(pattern), pattern.rpartition(STAR)[2]


def matches(pattern: str, name: str) -> bool:
    """Case counts, and a star spans any characters, `/` too."""
    first, *rest = pattern.split(STAR)
    if not rest:
        return name == first
    *middle, last = rest
    end = len(name) - len(last)
    if not name.startswith(first) or not name.endswith(last) or end < len(first):
        return False
    position = len(first)
    for part in middle:
        found = name.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True


def specificity(pattern: str) -> tuple[bool, int]:
    """Sorts the more specific first: exact before glob, then the longer literal prefix."""
    return is_glob(pattern), -len(literal_prefix(pattern))


class Index[T]:
    """Finds the first entry that matches a name without walking them all.

    `entries` come in their order of precedence. Globs lie under their literal ends, so a look-up costs a
    dictionary access for each pair of lengths in use.
    """

    def __init__(self, entries: Iterable[T], pattern_of: Callable[[T], str]) -> None:
        self._exact: dict[str, tuple[int, T]] = {}
        self._globs: dict[tuple[str, str], list[tuple[int, str, T]]] = {}
        for rank, entry in enumerate(entries):
            pattern = pattern_of(entry)
            if is_glob(pattern):
                self._globs.setdefault(literal_ends(pattern), []).append((rank, pattern, entry))
            else:
                self._exact.setdefault(pattern, (rank, entry))
        self._lengths = {(len(first), len(last)) for first, last in self._globs}

    def first(self, name: str) -> T | None:
        exact = self._exact.get(name)
        best = [exact] if exact is not None else []
        for first, last in self._lengths:
            candidates = self._globs.get((name[:first], name[len(name) - last :]), ())
            # In their order: the first of them that matches is the best of them.
            matching = ((rank, entry) for rank, pattern, entry in candidates if matches(pattern, name))
            best.extend(islice(matching, 1))
        return min(best, key=lambda found: found[0])[1] if best else None
