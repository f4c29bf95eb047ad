"""How many tokens the models read and write, and how fast just now. Any thread may ask; one adds."""

import time
from collections import deque
from collections.abc import Callable

# Seconds that a speed is the mean of, and how far apart they are looked at.
SPAN = 10.0
APART = 0.5


class Throughput:
    """`read` are tokens of prompts, those left out that had been read before; `written` those of answers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.read = 0
        self.written = 0
        self._clock = clock
        self._seen = deque([(clock(), 0)])

    def add(self, *, read: int, written: int) -> None:
        self.read += read
        self.written += written

    def speed(self) -> float:
        """Tokens written a second. To be asked about once a second, or the span is longer."""
        now, written = self._clock(), self.written
        while len(self._seen) > 1 and self._seen[1][0] <= now - SPAN:
            self._seen.popleft()
        since, before = self._seen[0]
        if now - self._seen[-1][0] >= APART:
            self._seen.append((now, written))
        return (written - before) / max(now - since, APART)
