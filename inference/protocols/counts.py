"""A count as an upstream tells it, made one that can be added up: servers leave it out, or say -1 for not known."""

LARGEST = 2**53


def count(told: int | None, before: int = 0) -> int:
    """`before` is what was known where this one says nothing."""
    return before if told is None else min(max(told, 0), LARGEST)
