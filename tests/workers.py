"""A real worker process for tests: `manage.py runworker` with a HOME of its own and the demo model."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inference import sockets

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60


@dataclass(frozen=True)
class RunningWorker:
    """`parent` is the end of the pipe by which the worker knows that this process lives."""

    home: Path
    process: subprocess.Popen[str]
    parent: int

    @property
    def socket(self) -> Path:
        return sockets.socket_path(self.home)

    def log(self) -> str:
        return (self.home / "worker.log").read_text(encoding="utf-8")

    def stop(self) -> int:
        """End it as `serve` does. The exit status."""
        self.process.terminate()
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            os.close(self.parent)


def start(home: Path, environment: Mapping[str, str] | None = None) -> RunningWorker:
    """Start `runworker` and wait until it is ready. Its output goes to HOME/worker.log; it ends with this process."""
    reading, writing = os.pipe()
    with (home / "worker.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "runworker", f"--parent={reading}"],
            cwd=ROOT,
            env=os.environ | {"MLXMANAGER_HOME": str(home)} | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=[reading],
        )
    os.close(reading)
    worker = RunningWorker(home, process, writing)
    deadline = time.monotonic() + START_SECONDS
    while "worker ready" not in worker.log():
        if process.poll() is not None or time.monotonic() > deadline:
            worker.stop()
            raise RuntimeError(f"The worker did not start:\n{worker.log()}")
        time.sleep(0.02)
    return worker


@contextlib.contextmanager
def running_worker(**environment: str) -> Iterator[RunningWorker]:
    """A worker in a short temporary HOME, ended with its block."""
    home = Path(tempfile.mkdtemp(prefix="mlxw-", dir="/tmp"))
    try:
        worker = start(home, environment)
        try:
            yield worker
        finally:
            worker.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
