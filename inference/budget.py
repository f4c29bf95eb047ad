"""How much memory the local models may take, and what is said of those that take more."""

import contextlib
import os
import sys
from pathlib import Path

from inference.errors import GatewayError, Kind

SHARE = 0.75
PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
# Below the process's own group, for the second and the first version of cgroups.
LIMITS = ("memory.max", "memory.limit_in_bytes")
UNITS = ((1024**3, "GB"), (1024**2, "MB"), (1024, "KB"))


def of_device(memory: int) -> int:
    """The budget where none is set, on a device with so many bytes."""
    return int(memory * SHARE)


def known(setting: int | None) -> int | None:
    """The budget as far as it is known without a worker: on macOS it alone can ask the device."""
    if setting is not None:
        return setting
    return of_device(process_memory()) if sys.platform == "linux" else None


def process_memory(proc: Path = PROC, cgroups: Path = CGROUPS) -> int:
    """Bytes that a process on Linux may use: those of the machine, or what its control groups leave it."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")] if proc == PROC else []
    with contextlib.suppress(OSError):
        total = (proc / "meminfo").read_text(encoding="ascii").split(maxsplit=2)[1]
        found.append(int(total) * 1024)
    for place in groups(proc, cgroups):
        for name in LIMITS:
            with contextlib.suppress(OSError, ValueError):  # `max` is no number
                found.append(int((place / name).read_text(encoding="ascii")))
    return min(found)


def groups(proc: Path, cgroups: Path) -> list[Path]:
    """The folders of the process's control groups, each with those above it: any of them may set the limit."""
    places = [cgroups, cgroups / "memory"]
    with contextlib.suppress(OSError):
        for line in (proc / "self" / "cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers in ("", "memory"):
                own = cgroups / controllers / path.lstrip("/")
                places += [own, *(above for above in own.parents if cgroups in above.parents)]
    return places


def check(name: str, needs: int, budget: int) -> None:
    """Raises GatewayError for a model that can never be loaded."""
    if needs > budget:
        message = (
            f"model: {name} does not fit: it needs {readable(needs)} of memory, and MLXMANAGER_MEMORY_BUDGET "
            f"leaves {readable(budget)}."
        )
        raise GatewayError(Kind.MODEL_DOES_NOT_FIT, message, param="model")


def readable(size: int) -> str:
    return next((f"{size / unit:.1f} {name}" for unit, name in UNITS if size >= unit), f"{size} B")
