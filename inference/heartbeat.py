"""How `serve` knows that its worker works: it looks for steps, and asks for a token where there are none to see."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path

from inference.backends.local import LocalBackend
from inference.backends.pulse import is_idle
from inference.errors import BackendError

# A worker that is stopped keeps its socket. After this long without a word it gets a second connection to answer on.
SILENCE = 2.5
CHECK_SECONDS = 0.5
START_SECONDS = 120.0
PROBE_EVERY = 30.0
PROBE_SECONDS = 15.0
POLL = 0.2


def listen(socket: Path) -> LocalBackend:
    return LocalBackend(socket, silence=SILENCE)


async def watch(
    local: LocalBackend,
    ready: Callable[[], None],
    *,
    probe_every: float = PROBE_EVERY,
    probe_within: float = PROBE_SECONDS,
) -> str:
    """Watch a worker that was started just now. Calls `ready` once it answers; returns why it is taken to hang."""
    try:
        async with asyncio.timeout(START_SECONDS):
            await until_it_answers(local)
    except TimeoutError:
        return f"it has not answered within {START_SECONDS:g} s of its start"
    ready()
    return await first(stands_still(local), fails_a_probe(local, every=probe_every, within=probe_within))


async def until_it_answers(local: LocalBackend) -> None:
    while not await answers(local):  # noqa: ASYNC110 - another process, which sends no event
        await asyncio.sleep(POLL)


async def answers(local: LocalBackend, *, within: float = PROBE_SECONDS) -> bool:
    try:
        await local.ping(within=within)
    except BackendError:
        return False
    return True


async def stands_still(local: LocalBackend) -> str:
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        try:
            await local.status()
        except BackendError:
            return "it has fallen silent"
        if (trouble := local.trouble()) is not None:
            return trouble


async def fails_a_probe(local: LocalBackend, *, every: float, within: float) -> str:
    while True:
        await asyncio.sleep(every)
        # One that has got work meanwhile is known by its steps.
        if await rests(local) and not await answers(local, within=within) and await rests(local):
            return f"it rests, and has not made a token within {within:g} s"


async def rests(local: LocalBackend) -> bool:
    try:
        return is_idle(await local.status())
    except BackendError:
        return False


async def first(*watching: Coroutine[None, None, str]) -> str:
    """What the first of them returns; the others are ended."""
    tasks = {asyncio.ensure_future(one) for one in watching}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
