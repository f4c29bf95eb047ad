"""A real worker process for tests: `manage.py runworker` with a HOME of its own and the demo model."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inference import sockets

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60


@dataclass(frozen=True)
class RunningWorker:
    home: Path
    process: subprocess.Popen[str]

    @property
    def socket(self) -> Path:
        return sockets.socket_path(self.home)

    def log(self) -> str:
        return (self.home / "worker.log").read_text(encoding="utf-8")


def start(
    home: Path, *arguments: str, environment: Mapping[str, str] | None = None, pass_fds: Sequence[int] = ()
) -> RunningWorker:
    """Start `runworker` and wait until it is ready. Its output goes to HOME/worker.log."""
    with (home / "worker.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "runworker", *arguments],
            cwd=ROOT,
            env=os.environ | {"MLXMANAGER_HOME": str(home)} | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=pass_fds,
        )
    worker = RunningWorker(home, process)
    deadline = time.monotonic() + START_SECONDS
    while "worker ready" not in worker.log():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise RuntimeError(f"The worker did not start:\n{worker.log()}")
        time.sleep(0.02)
    return worker


@contextlib.contextmanager
def running_worker(**environment: str) -> Iterator[RunningWorker]:
    """A worker in a short temporary HOME, ended with its block."""
    home = Path(tempfile.mkdtemp(prefix="mlxw-", dir="/tmp"))
    try:
        worker = start(home, environment=environment)
        try:
            yield worker
        finally:
            stop(worker)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def stop(worker: RunningWorker) -> None:
    worker.process.send_signal(signal.SIGTERM)
    try:
        worker.process.wait(10)
    except subprocess.TimeoutExpired:
        worker.process.kill()
        worker.process.wait()
