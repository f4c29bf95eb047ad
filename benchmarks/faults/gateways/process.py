"""A peer as a process of its own that talks to loopback alone, in a scratch folder."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.gateway import end, wait_until

# Whoever looks for the network finds nobody there.
NOWHERE = "http://127.0.0.1:9"
START_SECONDS = 180.0


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        yield Path(folder)


@contextmanager
def running(
    command: Sequence[str], folder: Path, *, ready: str, environment: Mapping[str, str]
) -> Iterator[Callable[[], list[int]]]:
    """Started in the folder, with its log there. Yields once `ready` answers, with what lists its process ids."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    offline = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE) | {"NO_PROXY": "127.0.0.1,localhost"}
    whole = {**kept, **offline, "HOME": str(folder), "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1", **environment}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=whole, stdout=output, stderr=output, start_new_session=True)
    try:
        wait_until(lambda: answers(process, ready), seconds=START_SECONDS, why=lambda: log.read_text()[-3000:])
        yield lambda: [process.pid]
    finally:
        end(process)


def answers(process: subprocess.Popen[bytes], url: str) -> bool:
    assert process.poll() is None, f"it ended with {process.returncode}"
    try:
        return httpx2.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False
