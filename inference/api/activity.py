"""What a web process is busy with: requests under way, open streams, and whether it still takes new work."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from inference.errors import GatewayError, Kind
from inference.relay import Relay

POLL = 0.05
LAST_WORDS = 1.0


class Activity:
    def __init__(self) -> None:
        self.draining = False
        self.requests = 0
        self.streams: set[Relay] = set()

    @contextmanager
    def entered(self) -> Iterator[None]:
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1

    @contextmanager
    def streaming(self, relay: Relay) -> Iterator[None]:
        self.streams.add(relay)
        try:
            yield
        finally:
            self.streams.discard(relay)

    def check_open(self) -> None:
        if self.draining:
            raise GatewayError(Kind.NO_BACKEND_AVAILABLE, "The gateway is shutting down.", retry_after=5)

    async def drain(self, seconds: float) -> None:
        """Take no new work, let running requests end; after the time end what still streams with an error event."""
        self.draining = True
        deadline = time.monotonic() + seconds
        await self._wait(lambda: not self.requests, deadline)
        for relay in tuple(self.streams):
            relay.interrupt(GatewayError(Kind.NO_BACKEND_AVAILABLE, "The gateway shut down.", retry_after=5))
        await self._wait(lambda: not self.streams, deadline + LAST_WORDS)

    async def _wait(self, done: Callable[[], bool], deadline: float) -> None:
        while not done() and time.monotonic() < deadline:  # noqa: ASYNC110 - a few times, at the end of a process
            await asyncio.sleep(POLL)
