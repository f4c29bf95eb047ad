"""Model patterns: exact names, or globs whose only special character is `*`. Pure; imports no Django."""

from collections.abc import Callable, Iterable

STAR = "*"


def is_glob(pattern: str) -> bool:
    return STAR in pattern


def literal_prefix(pattern: str) -> str:
    return pattern.partition(STAR)[0]


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

    `entries` come in their order of precedence. Globs lie under their literal prefix, so a look-up
    costs a dictionary access for each length of prefix in use.
    """

    def __init__(self, entries: Iterable[T], pattern_of: Callable[[T], str]) -> None:
        self._exact: dict[str, tuple[int, T]] = {}
        self._globs: dict[str, list[tuple[int, str, T]]] = {}
        for rank, entry in enumerate(entries):
            pattern = pattern_of(entry)
            if is_glob(pattern):
                self._globs.setdefault(literal_prefix(pattern), []).append((rank, pattern, entry))
            else:
                self._exact.setdefault(pattern, (rank, entry))
        self._lengths = sorted({len(prefix) for prefix in self._globs})

    def first(self, name: str) -> T | None:
        exact = self._exact.get(name)
        best = [exact] if exact is not None else []
        for length in self._lengths:
            if length > len(name):
                break
            candidates = self._globs.get(name[:length], ())
            best.extend((rank, entry) for rank, pattern, entry in candidates if matches(pattern, name))
        return min(best, key=lambda found: found[0])[1] if best else None
