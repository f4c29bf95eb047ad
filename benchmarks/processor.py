"""How much processor time processes have taken. Linux only: elsewhere there is no such figure of this precision."""

import sys
import time
from collections.abc import Iterable

# What the kernel adds to a process's number for the clock of all its threads, those that have ended too.
OF_A_PROCESS = 2


def seconds(pids: Iterable[int]) -> float | None:
    """None where the system does not tell."""
    if sys.platform != "linux":
        return None
    return sum(time.clock_gettime((~pid << 3) | OF_A_PROCESS) for pid in pids)
