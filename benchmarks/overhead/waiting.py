"""Waits for what another process does."""

import asyncio
from collections.abc import Callable

PATIENCE = 10.0
PAUSE = 0.001


async def until(happened: Callable[[], bool]) -> None:
    """Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while not happened():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(PAUSE)
