"""What goes on beside the requests. A chore that breaks is told of, and the others go on."""

import asyncio
from collections.abc import Coroutine

import structlog

log = structlog.get_logger("mlxmanager.housekeeping")


async def keep(*chores: Coroutine[None, None, None]) -> None:
    """Do them side by side, until this is cancelled."""
    await asyncio.gather(*map(attempt, chores))


async def attempt(chore: Coroutine[None, None, None]) -> None:
    try:
        await chore
    except Exception:
        log.exception("chore failed")
