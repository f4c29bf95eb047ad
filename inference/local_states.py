"""What becomes of local models now: on the disk, in the worker's memory, and whether there is room for them at all.

For synchronous callers: it looks on the disk and asks the worker.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from inference import budget, sockets
from inference.backends.local import LocalBackend
from inference.errors import BackendError
from inference.installed import Installed, find
from inference.protocols import wire


@dataclass(frozen=True, slots=True)
class State:
    """`fits` and `in_memory` None: not known, as no worker answers. `installed` None: it is not."""

    installed: Installed | None
    fits: bool | None = None
    in_memory: bool | None = None


async def worker_status() -> wire.Status | None:
    """Ask the running worker; None where none answers."""
    local = LocalBackend(sockets.socket_path(settings.HOME))
    try:
        return await local.status()
    except BackendError:
        return None
    finally:
        await local.aclose()


def known_budget(worker: wire.Status | None) -> int | None:
    """The worker's, or what is known of it without one."""
    return budget.known(settings.MEMORY_BUDGET) if worker is None else worker.budget


def is_resident(model: str, worker: wire.Status) -> bool:
    return any(one.name == model for one in worker.models)


def look(names: Iterable[str]) -> dict[str, State]:
    found = find(settings.MODELS_DIR, settings.HUB_CACHE)
    worker = asyncio.run(worker_status())
    available = known_budget(worker)
    return {name: state(found.get(name), name, worker, available=available) for name in names}


def state(model: Installed | None, name: str, worker: wire.Status | None, *, available: int | None) -> State:
    in_memory = None if worker is None else is_resident(name, worker)
    fits = None if model is None or available is None else model.needs <= available
    return State(model, fits, in_memory)
