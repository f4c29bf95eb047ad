"""How much processor time processes have taken. Linux only: elsewhere there is no such figure of this precision."""

import sys
from collections.abc import Iterable
from pathlib import Path

NANOSECONDS = 1e9


def seconds(pids: Iterable[int]) -> float | None:
    """Of all their threads that live. None where the system does not tell."""
    if sys.platform != "linux":
        return None
    threads = [thread for pid in pids for thread in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / NANOSECONDS
