"""When each client key was last used: noted per request in memory, written in batches, as no request waits for it."""

import asyncio
from datetime import UTC, datetime

import structlog
from django.db import DatabaseError, connection

from credentials.models import ClientKey

log = structlog.get_logger("mlxmanager.last_used")

EVERY = 10.0


class LastUsed:
    def __init__(self) -> None:
        self._seen: dict[int, datetime] = {}

    def note(self, client_id: int) -> None:
        self._seen[client_id] = datetime.now(UTC)

    async def keep_written(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await self.write()

    async def write(self) -> None:
        """Write what was noted. What a database that is away does not take is lost: it is a hint, no record."""
        seen, self._seen = self._seen, {}
        if seen:
            await asyncio.to_thread(save, seen)


def save(seen: dict[int, datetime]) -> None:
    try:
        for client_id, moment in seen.items():
            # Past `save`, on purpose: it is no change of configuration and belongs into no history.
            ClientKey.objects.filter(pk=client_id).update(last_used_at=moment)
    except DatabaseError:
        log.warning("the last use of client keys could not be written")
    finally:
        connection.close()
