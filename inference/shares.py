"""How many connections each web process has, in memory that all of them see: each writes its own number alone."""

import mmap
import os

SIZE = 4
# For a burst of many: a process may be ahead of another by this part of what that one has.
SLACK = 16


def make_room(descriptor: int, processes: int) -> None:
    """In an empty file, which each process then is given as it starts."""
    os.truncate(descriptor, processes * SIZE)


class Shares:
    """The number of a process that has ended stays until the next one in its place begins."""

    def __init__(self, descriptor: int, own: int) -> None:
        self._counts = memoryview(mmap.mmap(descriptor, 0)).cast("I")
        self._own = own
        self._others = [place for place in range(len(self._counts)) if place != own]

    def show(self, connections: int) -> None:
        self._counts[self._own] = connections

    def is_ahead(self) -> bool:
        """Whether another process should have the next connection."""
        least = min((self._counts[place] for place in self._others), default=self._counts[self._own])
        return self._counts[self._own] > least + least // SLACK
