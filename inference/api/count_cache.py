"""Token counts of the last minute: agents ask for the same one again and again."""

import time
from collections.abc import Callable, Hashable

from inference.executor import Answer

HOLDS = 60.0
MOST = 1000


class CountCache:
    """The oldest goes first, where there are too many."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._counts: dict[Hashable, tuple[float, Answer]] = {}

    def get(self, key: Hashable) -> Answer | None:
        expires, answer = self._counts.get(key, (0.0, None))
        return answer if expires > self._now() else None

    def put(self, key: Hashable, answer: Answer) -> None:
        self._counts.pop(key, None)
        self._counts[key] = (self._now() + HOLDS, answer)
        if len(self._counts) > MOST:
            del self._counts[next(iter(self._counts))]
