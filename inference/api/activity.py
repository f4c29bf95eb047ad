"""What a web process is busy with: requests under way, open streams, and whether it still takes new work."""

import asyncio
import time

from inference.errors import GatewayError, Kind
from inference.relay import Relay

POLL = 0.05
LAST_WORDS = 1.0


class Activity:
    """Tasks are in `requests` while they answer, and in `streams` while they send one.

    `interruption` is what a request is told that was still under way when the time to drain was over.
    """

    def __init__(self) -> None:
        self.draining = False
        self.interruption: GatewayError | None = None
        self.requests: set[asyncio.Task[object]] = set()
        self.streams: dict[asyncio.Task[object], Relay] = {}

    def check_open(self) -> None:
        if self.draining:
            raise GatewayError(Kind.NO_BACKEND_AVAILABLE, "The gateway is shutting down.", retry_after=5)

    async def drain(self, seconds: float) -> None:
        """Take no new work and let running requests end; after the time, end each with an error of its protocol."""
        self.draining = True
        deadline = time.monotonic() + seconds
        await self._idle(deadline)
        self.interruption = GatewayError(Kind.NO_BACKEND_AVAILABLE, "The gateway shut down.", retry_after=5)
        for task in tuple(self.requests):
            if task in self.streams:
                self.streams[task].interrupt(self.interruption)
            else:
                task.cancel()
        await self._idle(deadline + LAST_WORDS)

    async def _idle(self, deadline: float) -> None:
        while self.requests and time.monotonic() < deadline:  # noqa: ASYNC110 - a few times, at the end of a process
            await asyncio.sleep(POLL)
