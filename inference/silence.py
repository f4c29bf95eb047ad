"""Tells when something has been awaited for too long, over and over, with one timer for all that wait equally long.

A timer of its own would cost a request as much as what it waits for, and an open stream half a kilobyte.
"""

import asyncio
from collections.abc import Callable
from functools import lru_cache

# Silences differ by what the settings say, which is little.
KEPT = 16


class Watch:
    """Over all who wait for so many seconds: who began first is due first."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._since: dict[Silence, float] = {}
        self._is_set = False

    def begin(self, silence: "Silence") -> None:
        if silence not in self._since:
            self._since[silence] = now = self._loop.time()
            if not self._is_set:
                self._set(now + self._seconds)

    def end(self, silence: "Silence") -> None:
        self._since.pop(silence, None)

    def renew(self, silence: "Silence") -> None:
        if self._since.pop(silence, None) is not None:
            self.begin(silence)

    def _set(self, due: float) -> None:
        self._is_set = True
        self._loop.call_at(due, self._check)

    def _check(self) -> None:
        """Who began after the timer was set is looked at only here, when its time has come."""
        self._is_set = False
        now = self._loop.time()
        late: list[Silence] = []
        for silence, since in self._since.items():
            if since + self._seconds > now:
                self._set(since + self._seconds)
                break
            late.append(silence)
        for silence in late:
            del self._since[silence]
        for silence in late:
            silence.tell()


watch = lru_cache(maxsize=KEPT)(Watch)


class Silence:
    """`late` is called when `seconds` have passed since a `begin` without an `end`. Close it whatever happened."""

    __slots__ = ("_late", "_watch")

    def __init__(self, seconds: float, late: Callable[[], None]) -> None:
        self._watch = watch(asyncio.get_running_loop(), seconds)
        self._late: Callable[[], None] | None = late

    def begin(self) -> None:
        """Once more before an `end` changes nothing."""
        self._watch.begin(self)

    def renew(self) -> None:
        """Begin anew, where there is a `begin` without an `end`."""
        self._watch.renew(self)

    def end(self) -> None:
        self._watch.end(self)

    def close(self) -> None:
        self._watch.end(self)
        # Who is called most often holds us: without this, each request would leave a cycle to the garbage collector.
        self._late = None

    def tell(self) -> None:
        if self._late is not None:
            self._late()
