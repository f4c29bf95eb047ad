"""Whether the worker's models go on, by what its statuses say they have done. A socket that answers proves nothing."""

import time
from collections.abc import Callable

from inference.protocols import wire

# A token of every answer being written, and the first steps after a load, which may compile.
WRITING_SECONDS = 15.0
# A piece of several long prompts at once, on a slow machine.
READING_SECONDS = 120.0
# The largest models, from a slow disk.
LOADING_SECONDS = 1800.0


class Pulse:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.status: wire.Status | None = None
        self._clock = clock
        self._moved_at = clock()

    def hear(self, status: wire.Status) -> None:
        before = self.status
        if before is None or is_idle(status) or (status.steps, status.loading) != (before.steps, before.loading):
            self._moved_at = self._clock()
        self.status = status

    def trouble(self) -> str | None:
        """Why the models are taken to hang; None while they work, or have nothing to do."""
        if self.status is None or is_idle(self.status):
            return None
        limit, word = patience(self.status)
        if self._clock() - self._moved_at <= limit:
            return None
        return f"it has {word} for {limit:g} s without a step"


def is_idle(status: wire.Status) -> bool:
    return not status.active and status.loading is None


def patience(status: wire.Status) -> tuple[float, str]:
    """How many seconds one step may take, by what it is of."""
    if status.loading is not None:
        return LOADING_SECONDS, "been loading a model"
    if status.reading:
        return READING_SECONDS, "been reading a prompt"
    return WRITING_SECONDS, "been writing"
