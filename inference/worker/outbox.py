"""What the models' thread has to say, on its way to the connections: at once, but not more often than one can see."""

import asyncio
import threading
from collections.abc import Callable, Sequence

from inference.protocols import wire
from inference.worker.work import Update

# In seconds. A small model makes a token in less: what is written to a client costs the same for one token or several.
PAUSE = 0.01

ENDS = (wire.Done, wire.Result, wire.Error)


class Outbox:
    """`deliver` is called in the loop, with the updates of one step or of some that came soon after each other."""

    def __init__(self, loop: asyncio.AbstractEventLoop, deliver: Callable[[Sequence[Update]], None]) -> None:
        self._loop = loop
        self._deliver = deliver
        self._lock = threading.Lock()
        self._updates: list[Update] = []
        self._is_due = False
        self._pause: asyncio.TimerHandle | None = None

    def put(self, updates: Sequence[Update]) -> None:
        """From any thread. What ends a request is not held back."""
        with self._lock:
            self._updates += updates
            was_due, self._is_due = self._is_due, True
        if not was_due or any(isinstance(update.content, ENDS) for update in updates):
            self._loop.call_soon_threadsafe(self._empty)

    def _empty(self) -> None:
        with self._lock:
            updates, self._updates = self._updates, []
            self._is_due = bool(updates)
        if updates:
            if self._pause is not None:
                self._pause.cancel()
            self._pause = self._loop.call_later(PAUSE, self._empty)
            self._deliver(updates)
