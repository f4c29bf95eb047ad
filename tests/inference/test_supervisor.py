"""Children are started again, later and later, and ended when they are told; with real processes."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from inference.restarts import Restarts
from inference.supervisor import Child, Supervised


def child(code: str, *, grace: float = 5.0) -> Child:
    return Child("tried", [sys.executable, "-c", code], grace)


async def running(supervised: Supervised, *, after: int | None = None) -> int:
    """The pid of the running child, of the next one after `after`."""
    while supervised.process is None or supervised.process.pid == after:  # noqa: ASYNC110 - it sends no event
        await asyncio.sleep(0.01)
    return supervised.process.pid


async def test_a_child_that_ends_is_started_again() -> None:
    supervised = Supervised(child("import time; time.sleep(60)"))
    supervised.start()
    first = await running(supervised)
    supervised.send(signal.SIGKILL)
    assert await running(supervised, after=first) != first
    await supervised.stop()


async def test_a_child_that_could_not_be_started_is_tried_again(tmp_path: Path) -> None:
    told: list[Restarts] = []
    program = tmp_path / "program"
    supervised = Supervised(replace(child(""), command=[str(program)], tell=told.append))
    supervised.start()
    while not told:  # noqa: ASYNC110 - it sends no event
        await asyncio.sleep(0.01)
    program.symlink_to("/bin/cat")
    await running(supervised)
    await supervised.stop()
    assert told[0] == Restarts(1, "could not be started: No such file or directory")


async def test_stopping_does_not_wait_for_a_child_that_waits_to_be_started() -> None:
    supervised = Supervised(child("raise SystemExit(1)"))
    supervised.start()
    first = await running(supervised)
    second = await running(supervised, after=first)
    await running(supervised, after=second)
    began = time.monotonic()
    await supervised.stop()
    assert time.monotonic() - began < 0.5


async def test_a_child_that_ignores_sigterm_is_killed_when_its_grace_is_over() -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(60)"
    supervised = Supervised(child(code, grace=0.5))
    supervised.start()
    await running(supervised)
    await asyncio.sleep(0.3)  # until it ignores the signal
    await supervised.stop()
    assert supervised.process is not None
    assert supervised.process.returncode == -signal.SIGKILL


async def test_a_child_whose_watch_finds_it_hanging_is_killed_and_started_again() -> None:
    told: list[Restarts] = []

    async def watch(_: Callable[[], None]) -> str:
        await asyncio.sleep(0.05)
        return "it hangs"

    # It ignores SIGTERM, and a process that is stopped ends by SIGKILL all the same.
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.kill(os.getpid(), signal.SIGSTOP)"
    )
    supervised = Supervised(replace(child(code), watch=watch, tell=told.append))
    supervised.start()
    first = await running(supervised)
    await running(supervised, after=first)
    await supervised.stop()
    assert told[0] == Restarts(1, "was killed: it hangs")


async def test_a_child_that_has_worked_is_never_long_away() -> None:
    async def watch(ready: Callable[[], None]) -> str:
        ready()
        return await asyncio.Future[str]()

    pauses: list[float] = []
    ended = 0.0

    def note(_: Restarts) -> None:
        nonlocal ended
        ended = time.monotonic()

    supervised = Supervised(replace(child("import time; time.sleep(60)"), watch=watch, tell=note))
    supervised.start()
    pid = await running(supervised)
    for _ in range(5):
        await asyncio.sleep(0.1)
        supervised.send(signal.SIGKILL)
        pid = await running(supervised, after=pid)
        pauses.append(time.monotonic() - ended)
    await supervised.stop()
    assert pauses[0] < pauses[-1] < 2.0
