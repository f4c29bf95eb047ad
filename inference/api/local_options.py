"""Tells the worker what the operator wants of its models: at the start of either, and after every change."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import structlog
from django.db import DatabaseError, connection

from inference.backends.local import LocalBackend
from inference.errors import BackendError
from inference.protocols.wire import ModelOptions
from routing.resolver import NEVER, SnapshotKeeper

log = structlog.get_logger("mlxmanager.models")

EVERY = 0.5


class LocalOptions:
    """`read` asks the database; it runs in a thread. Every web process tells the same: the worker heeds news alone."""

    def __init__(self, keeper: SnapshotKeeper, local: LocalBackend, read: Callable[[], Sequence[ModelOptions]]) -> None:
        self._keeper = keeper
        self._local = local
        self._read = read
        self._told = NEVER

    async def keep_told(self) -> None:
        while True:
            await self._tell()
            # A worker that was started again is told as soon as it is connected to, before anybody asks it.
            with contextlib.suppress(BackendError):
                await self._local.status()
            await asyncio.sleep(EVERY)

    async def _tell(self) -> None:
        generation = self._keeper.current.generation
        if generation == self._told:
            return
        options = await asyncio.to_thread(self._read_or_none)
        if options is not None:
            self._local.configure(generation, options)
            self._told = generation

    def _read_or_none(self) -> Sequence[ModelOptions] | None:
        """None while the database is away: it is asked again."""
        try:
            return self._read()
        except DatabaseError:
            log.warning("the options of local models could not be read")
            return None
        finally:
            connection.close()
