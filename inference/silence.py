"""Tells when something has been awaited for too long, over and over: one timer for a whole stream.

To set one for each part of it would cost as much as half of the part.
"""

import asyncio
from collections.abc import Callable


class Silence:
    """`late` is called when `seconds` have passed since a `begin` without an `end`. Close it whatever happened."""

    def __init__(self, seconds: float, late: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._late: Callable[[], None] | None = late
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Once more before an `end` changes nothing."""
        if self._since is None:
            self._since = self._loop.time()
            if self._timer is None:
                self._timer = self._loop.call_at(self._since + self._seconds, self._check)

    def renew(self) -> None:
        """Begin anew, where there is a `begin` without an `end`."""
        if self._since is not None:
            self._since = self._loop.time()

    def end(self) -> None:
        self._since = None

    def close(self) -> None:
        # Who is called most often holds us: without this, each request would leave a cycle to the garbage collector.
        self._late = None
        if self._timer is not None:
            self._timer.cancel()

    def _check(self) -> None:
        now = self._loop.time()
        due = (now if self._since is None else self._since) + self._seconds
        if self._late is None:
            return
        if due <= now:
            self._late()
        else:
            self._timer = self._loop.call_at(due, self._check)
