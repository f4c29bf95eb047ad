"""Requests that were at the worker when it crashed. One that was there twice is refused for an hour.

Each process knows its own, in memory, and by a digest: nothing of a request is kept.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack

import msgspec

from inference.errors import BackendError, Kind

HOLD_SECONDS = 3600.0
MOST = 1024
CRASHES = 2

type Job = bytes | msgspec.Raw


class Quarantine:
    """A request that was at one crash is a suspect. Suspects go one at a time, so that the next crash names one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # By digest: how many crashes, and until when they count. The oldest stands first.
        self._crashes: OrderedDict[bytes, tuple[int, float]] = OrderedDict()
        self._turn = asyncio.Lock()

    async def enter(self, jobs: Sequence[Job]) -> AsyncExitStack:
        """Wait for the turn of suspects; the caller closes what it gets. Raises BackendError where one is refused."""
        async with AsyncExitStack() as stay:
            if any(self._count(job) for job in jobs):
                await stay.enter_async_context(self._turn)
            # While others had their turn, this may have been found out.
            self.check(jobs)
            return stay.pop_all()

    def check(self, jobs: Iterable[Job]) -> None:
        """Raises BackendError for what is known to crash the worker."""
        if any(self._count(job) >= CRASHES for job in jobs):
            message = "This request has crashed the local worker twice; it is refused for an hour."
            raise BackendError(Kind.REQUEST_QUARANTINED, message)

    def blame(self, jobs: Iterable[Job]) -> None:
        """These were at the worker when it crashed."""
        for digest in {fingerprint(job) for job in jobs}:
            count, until = self._crashes.pop(digest, (0, 0.0))
            before = count if self._clock() < until else 0
            self._crashes[digest] = (before + 1, self._clock() + HOLD_SECONDS)
        while len(self._crashes) > MOST:
            self._crashes.popitem(last=False)

    def clear(self, job: Job) -> None:
        """The worker has lived through this one."""
        if self._crashes and self._count(job) < CRASHES:
            self._crashes.pop(fingerprint(job), None)

    def _count(self, job: Job) -> int:
        # Nearly always there is none, and nothing to compute.
        if not self._crashes:
            return 0
        count, until = self._crashes.get(fingerprint(job), (0, 0.0))
        return count if self._clock() < until else 0


def fingerprint(job: Job) -> bytes:
    return hashlib.blake2b(job, digest_size=16).digest()
