"""The installed models by name, kept fresh off the request path: a look on the disk may block."""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from inference.model_facts import ModelFacts

log = structlog.get_logger("mlxmanager.models")

EVERY = 2.0


class InstalledModels:
    """`find` looks on the disk; it runs in a thread, every two seconds."""

    def __init__(self, find: Callable[[], Mapping[str, ModelFacts]]) -> None:
        self._find = find
        self._fails = False
        self.models: Mapping[str, ModelFacts] = {}

    def needs(self, name: str) -> int:
        """Bytes of memory without which the model answers nothing; 0 for one that is not known."""
        facts = self.models.get(name)
        return facts.needs if facts is not None else 0

    async def refresh(self) -> None:
        try:
            self.models = await asyncio.to_thread(self._find)
        except Exception:
            # The edge of that thread. Folders are strangers': what one does to us must not keep the rest from its work.
            if not self._fails:
                log.exception("installed models cannot be listed; the last list stays in force")
            self._fails = True
        else:
            self._fails = False

    async def keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await self.refresh()
