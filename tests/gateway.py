"""The product as its user runs it: `manage.py serve` in a HOME of its own, with its web and worker processes."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from inference import figures, metrics

ROOT = Path(__file__).resolve().parent.parent
CLIENT_KEY = "a-client-key-of-the-tests"
ADMIN_PASSWORD = "an-admin-password-of-the-tests"
START_SECONDS = 60.0


@dataclass
class Gateway:
    url: str
    home: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    key: str = CLIENT_KEY

    @property
    def log(self) -> str:
        return (self.home / "log").read_text(encoding="utf-8")

    @property
    def database(self) -> Path:
        return self.home / "db.sqlite3"

    def command(
        self, *arguments: str, check: bool = True, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return run_command(*arguments, check=check, environment={**self.environment, **(environment or {})})

    def configure(self, toml: str, **environment: str) -> None:
        """Apply a TOML file while the gateway runs, and wait until its snapshot has it."""
        path = self.home / "config.toml"
        path.write_text(toml, encoding="utf-8")
        self.command("applyconfig", str(path), environment=environment)
        self.wait_for_configuration()

    def wait_for_configuration(self) -> None:
        with sqlite3.connect(self.database) as connection:
            (number,) = connection.execute("SELECT number FROM configuration_generation").fetchone()
        wait_until(lambda: self.ready()["parts"]["configuration"]["generation"] >= number)

    def end_cooldowns(self) -> None:
        """As any change of the configuration does."""
        if self.ready()["parts"]["cooling"]:
            with sqlite3.connect(self.database) as connection:
                connection.execute("UPDATE configuration_generation SET number = number + 1")
            self.wait_for_configuration()

    def ready(self) -> dict[str, Any]:
        answer: dict[str, Any] = httpx2.get(f"{self.url}/health/ready", timeout=10).json()
        return answer

    def wait_for_worker(self) -> None:
        wait_until(lambda: is_ready(self), seconds=START_SECONDS, why=lambda: self.log[-3000:])

    def children(self, word: str) -> list[int]:
        """The pids of the processes that `serve` started whose command line has the word."""
        listed = subprocess.run(
            ["ps", "-eww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        rows = [line.split(None, 2) for line in listed]
        return [int(pid) for pid, parent, args in rows if int(parent) == self.process.pid and word in args]

    def answered(self) -> Counter[int]:
        """How many requests each web process has answered, by its pid. It is told a second late."""
        shown = figures.shown(figures.place(self.home))
        return Counter({one.pid: int(of(one.counts, metrics.REQUESTS)) for one in shown})

    def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"authorization": f"Bearer {self.key}", "content-type": "application/json"} | headers
        return httpx2.post(f"{self.url}{path}", content=content, headers=sent, timeout=60)


def of(counts: Mapping[metrics.Key, float], metric: metrics.Metric) -> float:
    return sum(count for (name, *_), count in counts.items() if name == metric.name)


def run_command(*arguments: str, environment: dict[str, str], check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=check,
    )


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return kept | {"MLXMANAGER_HOME": str(home), "HF_HOME": str(home / "hf"), "PYTHONUNBUFFERED": "1"} | more


@contextmanager
def short_home() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name (103 bytes on macOS)."""
    home = Path(tempfile.mkdtemp(prefix="mlxm-", dir="/tmp"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def running_gateway(**environment: str) -> Iterator[Gateway]:
    with short_home() as home, serving(home, **environment) as gateway:
        yield gateway


@contextmanager
def serving(home: Path, **environment: str) -> Iterator[Gateway]:
    """`serve` in a HOME that may already hold something. It ends, with all its children, when the block does."""
    port = free_port()
    settings = {
        "MLXMANAGER_PORT": str(port),
        "MLXMANAGER_CLIENT_KEY": CLIENT_KEY,
        "MLXMANAGER_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "MLXMANAGER_PRIVATE_UPSTREAMS": "127.0.0.1",
        "MLXMANAGER_DRAIN_SECONDS": "2",
        "MLXMANAGER_LOG_LEVEL": "debug",
    }
    whole = {name: value for name, value in clean_environment(home, **(settings | environment)).items() if value}
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"], cwd=ROOT, env=whole, stdout=log, stderr=log, start_new_session=True
        )
    gateway = Gateway(f"http://127.0.0.1:{port}", home, whole, process)
    try:
        gateway.wait_for_worker()
        yield gateway
    finally:
        end(process)


def is_ready(gateway: Gateway) -> bool:
    if gateway.process.poll() is not None:
        raise AssertionError(f"serve ended with {gateway.process.returncode}:\n{gateway.log}")
    try:
        worker: str = gateway.ready()["parts"]["worker"]["status"]
    except (httpx2.HTTPError, ValueError, KeyError):
        return False
    return worker == "ok"


def end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, so that it ends its children; SIGKILL if it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(happened: Callable[[], bool], *, seconds: float = 10.0, why: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not happen within {seconds} seconds {why()}")
        time.sleep(0.05)
