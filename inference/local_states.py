"""What becomes of local models now: on the disk, in the worker's memory, and whether there is room for them at all.

For synchronous callers: it looks on the disk and asks the worker, for no longer than two seconds.
"""

import asyncio
from collections.abc import Mapping, Sequence
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


def look(drafts: dict[str, str | None]) -> Look:
    """At what is installed, and the models of these names, each with that of its draft model."""
    found = find(settings.MODELS_DIR, settings.HUB_CACHE)
    worker = worker_state()
    available = known_budget(worker.status)
    states: dict[str, State] = {}
    for name, draft in (dict.fromkeys(found) | drafts).items():
        parts = [found.get(part) for part in (name, draft) if part is not None]
        in_memory = None if worker.status is None else is_resident(name, worker.status)
        states[name] = State(found.get(name), fits(parts, available), in_memory)
    return Look(worker, states)


def fits(parts: Sequence[Installed | None], available: int | None) -> bool | None:
    """None: not known, as one is not installed, or what is available is not known."""
    needs = [part.needs for part in parts if part is not None]
    return None if available is None or len(needs) < len(parts) else sum(needs) <= available
