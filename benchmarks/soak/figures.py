"""What the processes of a running product hold: their memory, what MLX says of its own, and their open files."""

import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.gateway import Gateway

# A word of each part's command line; the worker's shows up for a moment as it was started.
PARTS = {"serve": "manage.py serve", "web": "mlxmanager.server", "worker": "runworker", "templates": "templating"}


@dataclass(frozen=True, slots=True)
class Sample:
    """`memory` is in bytes by the part of the product, `files` counts what each has open; `mlx` is what MLX holds."""

    seconds: float
    memory: dict[str, int]
    files: dict[str, int]
    mlx: int
    active: int


def sample(gateway: Gateway, *, began: float) -> Sample:
    pids = tree(gateway.process.pid)
    worker = gateway.ready()["parts"]["worker"]
    return Sample(
        time.monotonic() - began,
        {part: sum(size for _, size in found) for part, found in pids.items()},
        {part: sum(open_files(pid) for pid, _ in found) for part, found in pids.items()},
        worker.get("memory", 0),
        worker.get("active", 0),
    )


def tree(root: int) -> dict[str, list[tuple[int, int]]]:
    """By part of the product, the pid and the resident memory in bytes of each process below this one, and its own."""
    command = ["ps", "-eww", "-o", "pid=,ppid=,rss=,args="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [
        (int(pid), int(parent), int(size), args) for pid, parent, size, args in (row.split(None, 3) for row in listed)
    ]
    ours = {root}
    while more := {pid for pid, parent, _, _ in rows if parent in ours} - ours:
        ours |= more
    return {
        part: [(pid, size * 1024) for pid, _, size, args in rows if pid in ours and word in args]
        for part, word in PARTS.items()
    }


def open_files(pid: int) -> int:
    """0 where the system has no /proc."""
    folder = Path(f"/proc/{pid}/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def growth(values: Sequence[int]) -> float:
    """The median of the last third over that of the middle one: the first is for warming up."""
    third = len(values) // 3
    middle, last = values[third : 2 * third], values[-third:]
    return statistics.median(last) / statistics.median(middle)
