"""What this machine has. Imports no MLX."""

import os
from pathlib import Path

CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def memory(cgroup_limit: Path = CGROUP_LIMIT) -> int:
    """Bytes of memory that this process may use: on Linux its cgroup can allow less than there is."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        allowed = cgroup_limit.read_text(encoding="ascii").strip()
    except OSError:
        return whole
    return min(whole, int(allowed)) if allowed.isdecimal() else whole
