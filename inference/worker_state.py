"""What becomes of the local worker now: what it says of itself, why it says nothing, how often it was started again."""

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inference import restarts
from inference.backends.local import LocalBackend
from inference.errors import BackendError
from inference.protocols import wire
from inference.restarts import Restarts

PATIENCE = 2.0
HOLDS = 1.0


@dataclass(frozen=True, slots=True)
class WorkerState:
    """`status` None: it does not work, and `reason` says why. `restarts` are those of all children, by name."""

    status: wire.Status | None
    reason: str | None
    restarts: Mapping[str, Restarts]

    @property
    def own(self) -> Restarts:
        """The worker's restarts."""
        return self.restarts.get(restarts.WORKER, Restarts())

    @property
    def of_web(self) -> int:
        """How often web processes were started again."""
        return sum(record.count for child, record in self.restarts.items() if child != restarts.WORKER)


class Checkup:
    """Asks a running worker at most once a second, however many ask us: each time costs it a step.

    `record` is the folder of the restarts.
    """

    def __init__(self, local: LocalBackend, record: Path) -> None:
        self._local = local
        self._record = record
        self._asking = asyncio.Lock()
        self._asked_at = -math.inf
        self._state = WorkerState(None, None, {})

    async def look(self) -> WorkerState:
        async with self._asking:
            if not self._local.is_connected or time.monotonic() - self._asked_at > HOLDS:
                self._state = await ask(self._local, self._record)
                self._asked_at = time.monotonic()
        return self._state


async def ask(local: LocalBackend, record: Path) -> WorkerState:
    """What the thread that runs the models says. A worker whose socket answers while that thread does not is no use.

    In a long step that thread cannot say anything; then the worker's own statuses tell whether it goes on.
    """
    reason = None
    status: wire.Status | None = None
    try:
        async with asyncio.timeout(PATIENCE):
            await local.ping()
            status = await local.status()
    except BackendError as error:
        reason = error.message
    except TimeoutError:
        status = local.at_work(within=PATIENCE)
        if status is None:
            trouble = local.trouble() or f"it has not answered for {PATIENCE:g} s"
            reason = f"The local worker hangs: {trouble}."
    return WorkerState(status, reason, restarts.read(record))
