"""What becomes of local models now: on the disk, in the worker's memory, and whether there is room for them at all.

For synchronous callers: it looks on the disk and asks the worker, for no longer than two seconds.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings

from inference import budget, restarts, sockets
from inference.backends.local import LocalBackend
from inference.installed import Installed, find
from inference.protocols import wire
from inference.worker_state import WorkerState, ask


@dataclass(frozen=True, slots=True)
class State:
    """`fits` and `in_memory` None: not known, as no worker answers. `installed` None: it is not."""

    installed: Installed | None
    fits: bool | None = None
    in_memory: bool | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """`models` by name."""

    worker: WorkerState
    models: Mapping[str, State]


def worker_state() -> WorkerState:
    return asyncio.run(_worker_state())


async def _worker_state() -> WorkerState:
    local = LocalBackend(sockets.socket_path(settings.HOME))
    try:
        return await ask(local, restarts.place(settings.HOME))
    finally:
        await local.aclose()


def known_budget(worker: wire.Status | None) -> int | None:
    """The worker's, or what is known of it without one."""
    return budget.known(settings.MEMORY_BUDGET) if worker is None else worker.budget


def is_resident(model: str, worker: wire.Status) -> bool:
    return any(one.name == model for one in worker.models)


def look(names: Iterable[str]) -> Look:
    found = find(settings.MODELS_DIR, settings.HUB_CACHE)
    worker = worker_state()
    available = known_budget(worker.status)
    states = {name: state(found.get(name), name, worker.status, available=available) for name in names}
    return Look(worker, states)


def state(model: Installed | None, name: str, worker: wire.Status | None, *, available: int | None) -> State:
    in_memory = None if worker is None else is_resident(name, worker)
    fits = None if model is None or available is None else model.needs <= available
    return State(model, fits, in_memory)
