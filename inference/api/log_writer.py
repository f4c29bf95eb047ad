"""Requests on their way into the log: noted in memory as they end, written in batches, as no request waits for it."""

import asyncio
from collections import deque
from itertools import islice

import structlog
from django.db import InterfaceError, OperationalError

from inference.course import Course
from inference.meter import Meter
from inference.request_log import write

log = structlog.get_logger("mlxmanager.request_log")

# In seconds.
EVERY = 1.0
BATCH = 1000
# What waits for a database that is away. About 20 MB.
MOST_WAITING = 20_000


class LogWriter:
    """What the database does not take is kept and tried again, so many of them; later ones are dropped, and counted.

    They stay in their place until they are written, so that none is lost where a write is cancelled.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._waiting: deque[Course] = deque()
        self._dropped = 0
        self._is_away = False

    def note(self, course: Course) -> None:
        """Who shows no valid key is not logged: anybody could fill the disk."""
        if course.client is None:
            return
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(course)
        else:
            self._drop(1)

    async def keep_written(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await self.write()

    async def write(self) -> None:
        """Write what waits, as far as the database takes it."""
        while batch := list(islice(self._waiting, BATCH)):
            if not await self._written(batch):
                break
            for _ in batch:
                self._waiting.popleft()
        if self._dropped:
            log.warning("requests are missing in the log", dropped=self._dropped)
            self._dropped = 0

    async def _written(self, batch: list[Course]) -> bool:
        """Whether the batch is done with."""
        try:
            await asyncio.to_thread(write, batch)
        except (OperationalError, InterfaceError):
            if not self._is_away:
                log.warning("the log of requests cannot be written; it is tried again", waiting=len(self._waiting))
            self._is_away = True
            return False
        except Exception:
            # The edge of this chore. A batch that is at fault itself would hold up all that come after it.
            log.exception("a batch of the log of requests is refused by the database")
            self._drop(len(batch))
        self._is_away = False
        return True

    def _drop(self, count: int) -> None:
        self._dropped += count
        self._meter.unlogged.add((), count)
