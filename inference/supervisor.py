"""The child processes behind `serve`: keeps the worker and the web processes alive, ends them in order.

Each child runs in a process group of its own, so that a Ctrl-C in the terminal reaches `serve` alone. Each inherits the
reading end of a pipe whose writing end only `serve` holds: its end of file tells a child that `serve` is gone.
"""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from inference.restarts import Restarts

log = structlog.get_logger("mlxmanager.supervisor")

FIRST_DELAY = 0.2
LONGEST_DELAY = 30.0
# One that has worked is wanted back: what ends it comes from outside, or with a request, not at every start.
LONGEST_ONCE_READY = 1.5
HEALTHY_AFTER = 60.0
WORKER_GRACE = 5.0
# For a process that has ended already, and whose watch noticed first.
REAPING = 0.2

type Watch = Callable[[Callable[[], None]], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Child:
    """How one child is started. `grace` is the time in seconds it gets to end after SIGTERM.

    `watch` is run beside each process: it calls its argument once the process works, and returns why it is to be
    killed. `tell` learns of each restart.
    """

    name: str
    command: Sequence[str]
    grace: float
    descriptors: Sequence[int] = field(default=())
    watch: Watch | None = None
    tell: Callable[[Restarts], None] = field(default=lambda _: None)


class Supervised:
    """One child, started again whenever it ends, until it is told to stop."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: asyncio.subprocess.Process | None = None
        self._told = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_ready = False
        self._restarts = 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_alive())

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL once the child's grace is over."""
        self._told.set()
        self.send(signal.SIGTERM)
        assert self._task is not None
        done, _ = await asyncio.wait({self._task}, timeout=self.child.grace)
        if not done:
            log.warning("child did not end in time", child=self.child.name)
            self.send(signal.SIGKILL)
            await self._task

    def send(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    async def _keep_alive(self) -> None:
        delay = FIRST_DELAY
        while not self._told.is_set():
            began = time.monotonic()
            try:
                ended = await self._run()
            except OSError as error:  # no memory for it, say, or too many processes
                ended = f"could not be started: {error.strerror}"
            if self._told.is_set():
                return
            if time.monotonic() - began > HEALTHY_AFTER:
                delay = FIRST_DELAY
            pause = min(delay, LONGEST_ONCE_READY) if self._is_ready else delay
            self._restarts += 1
            log.warning("child ended", child=self.child.name, how=ended, restart_in=pause, restarts=self._restarts)
            self.child.tell(Restarts(self._restarts, ended))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), pause)
            delay = min(delay * 2, LONGEST_DELAY)

    async def _run(self) -> str:
        """One process from its start to its end, and how it ended."""
        self._is_ready = False
        self.process = await asyncio.create_subprocess_exec(
            *self.child.command,
            pass_fds=self.child.descriptors,
            process_group=0,
            stdin=asyncio.subprocess.DEVNULL,
        )
        log.info("child started", child=self.child.name, pid=self.process.pid)
        if self._told.is_set():
            self.send(signal.SIGTERM)
        watching = asyncio.create_task(self._watch(self.process))
        code = await self.process.wait()
        watching.cancel()
        # What the watch has found is known by now: it is what ended the process.
        (found,) = await asyncio.gather(watching, return_exceptions=True)
        return f"was killed: {found}" if isinstance(found, str) else how(code)

    async def _watch(self, process: asyncio.subprocess.Process) -> str | None:
        """Kill the process once it hangs. SIGKILL ends one that is stopped, too."""
        if self.child.watch is None:
            return None
        reason = await self.child.watch(self._get_ready)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), REAPING)
        if process.returncode is not None or self._told.is_set():
            return None
        log.error("child hangs", child=self.child.name, pid=process.pid, reason=reason)
        self.send(signal.SIGKILL)
        return reason

    def _get_ready(self) -> None:
        self._is_ready = True


def how(code: int) -> str:
    return f"ended with {code}" if code >= 0 else f"was ended by signal {-code}"


async def supervise(
    web: Sequence[Child], worker: Child | None, *, listener: socket.socket, greet: Callable[[], Awaitable[None]]
) -> None:
    """Run until SIGTERM or SIGINT, then end the web processes, which drain, and the worker last.

    A second signal ends everything at once. `greet` runs beside the children. The listener is ours to close: while we
    hold it, a new connection would wait for a process that no longer comes.
    """
    children = [Supervised(child) for child in (*web, *([worker] if worker else []))]
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell() -> None:
        if told.is_set():
            for child in children:
                child.send(signal.SIGKILL)
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell)
    for child in children:
        child.start()
    greeting = asyncio.ensure_future(greet())
    await told.wait()
    greeting.cancel()
    listener.close()
    await asyncio.gather(*(child.stop() for child in children[: len(web)]))
    await asyncio.gather(*(child.stop() for child in children[len(web) :]))


def parent_pipe() -> int:
    """The reading end for the children. The writing end stays open in this process, and in no other, for its life."""
    reading, writing = os.pipe()
    os.set_inheritable(writing, False)
    return reading
