"""The names of the installed models, kept fresh off the request path: a look on the disk may block."""

import asyncio
from collections.abc import Callable, Iterable

import structlog

log = structlog.get_logger("mlxmanager.models")

EVERY = 2.0


class InstalledNames:
    """`find` looks on the disk; it runs in a thread, every two seconds."""

    def __init__(self, find: Callable[[], Iterable[str]]) -> None:
        self._find = find
        self.names: frozenset[str] = frozenset()

    async def refresh(self) -> None:
        self.names = frozenset(await asyncio.to_thread(self._find))

    async def keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.refresh()
            except OSError:
                log.exception("installed models cannot be listed; the last list stays in force")
