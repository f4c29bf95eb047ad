"""What goes on beside the requests for as long as the server runs."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger("mlxmanager.housekeeping")

PAUSE = 5.0


async def keep_up(*chores: Callable[[], Awaitable[None]]) -> None:
    """Do all of them until we are cancelled. One that fails is begun again, and keeps no other from its work."""
    await asyncio.gather(*(again_and_again(chore) for chore in chores))


async def again_and_again(chore: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await chore()
        except Exception:
            # The edge of that chore. Unseen until the server ends, its fault would leave, say, the options untold.
            log.exception("housekeeping failed and is begun again", chore=chore.__qualname__)
        await asyncio.sleep(PAUSE)
