"""The command `runworker`: what process it becomes, and when it ends."""

import asyncio
import contextlib
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.backends.local import LocalBackend
from inference.protocols import wire
from inference.runworker import KEPT, SET
from tests.frames import talking
from tests.local_models import ask, question
from tests.workers import ROOT, RunningWorker, running_worker, start

on_linux = pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")


@pytest.fixture
def long_home() -> Iterator[Path]:
    top = Path(tempfile.mkdtemp(prefix="mlxl-", dir="/tmp"))
    home = top / ("long" * 30)
    home.mkdir()
    yield home
    shutil.rmtree(top)


@on_linux
def test_the_process_that_runs_models_still_says_runworker(worker: RunningWorker) -> None:
    assert b"runworker" in Path(f"/proc/{worker.process.pid}/cmdline").read_bytes()
    assert b"mlx" in Path(f"/proc/{worker.process.pid}/maps").read_bytes()


@on_linux
def test_its_environment_holds_no_secret_and_no_setting(worker: RunningWorker) -> None:
    environment = Path(f"/proc/{worker.process.pid}/environ").read_text().split("\0")
    names = {line.partition("=")[0] for line in environment if line}
    assert not {name for name in names if name.startswith(("MLXMANAGER_", "HF_TOKEN", "DJANGO_", "DATABASE_"))}
    assert not {name for name in names if "KEY" in name or "PASSWORD" in name}
    assert "HF_HUB_OFFLINE=1" in environment


@on_linux
def test_its_environment_is_a_list_of_what_it_needs() -> None:
    canaries = {
        "OPENAI_API_KEY": "canary",
        "MLX_LM_TRUST_REMOTE_CODE": "1",
        "HTTPS_PROXY": "canary",
        "PYTHONSTARTUP": "canary",
    }
    with running_worker(**canaries) as worker:
        held = Path(f"/proc/{worker.process.pid}/environ").read_text().split("\0")
    assert {line.partition("=")[0] for line in held if line} <= {*KEPT, *SET}
    assert not [line for line in held if "canary" in line]


def test_what_serve_starts_loads_no_application_of_django() -> None:
    listing = "import sys, inference.runworker; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "inference.runworker" in loaded.stdout.split()
    assert not {"django.apps", "django.db", "inference.models", "mlx.core"} & set(loaded.stdout.split())


@pytest.mark.skipif(os.geteuid() != 0, reason="to be another user takes root")
async def test_another_users_process_is_refused(worker: RunningWorker) -> None:
    """Even where the folder and the socket let it in, which they do not."""
    opened = [worker.home, worker.socket.parent, worker.socket]
    modes = [stat.S_IMODE(path.stat().st_mode) for path in opened]
    nobody = 65534
    os.seteuid(nobody)
    try:
        with pytest.raises(PermissionError), socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(worker.socket))
    finally:
        os.seteuid(0)
    for path in opened:
        path.chmod(0o777)
    try:
        os.seteuid(nobody)
        try:
            async with talking(worker.socket) as peer:
                os.seteuid(0)
                said: list[wire.Frame] = []
                with contextlib.suppress(ConnectionError):
                    said = await peer.until(wire.Status)
                assert said == []
        finally:
            os.seteuid(0)
    finally:
        for path, mode in zip(opened, modes, strict=True):
            path.chmod(mode)
    assert "another user's process" in worker.log()


@on_linux
def test_it_has_loaded_no_django(worker: RunningWorker) -> None:
    assert b"psycopg" not in Path(f"/proc/{worker.process.pid}/maps").read_bytes()
    assert b"_sqlite3" not in Path(f"/proc/{worker.process.pid}/maps").read_bytes()


def test_its_socket_is_its_owners_alone(worker: RunningWorker) -> None:
    assert stat.S_IMODE(worker.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(worker.socket.parent.stat().st_mode) == 0o700


async def test_a_second_worker_says_who_is_there_and_leaves_the_first_alone(
    worker: RunningWorker, local: LocalBackend
) -> None:
    second = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "manage.py", "runworker"],
        cwd=ROOT,
        env=os.environ | {"MLXMANAGER_HOME": str(worker.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"process {worker.process.pid}" in second.stderr
    await local.ping()


async def test_it_leaves_with_its_parent_and_the_next_one_takes_its_place(long_home: Path) -> None:
    orphan = start(long_home)
    os.close(orphan.parent)
    assert await asyncio.to_thread(orphan.process.wait, 5) == 0
    assert orphan.socket.is_symlink()

    worker = start(long_home)
    backend = LocalBackend(worker.socket)
    assert (await ask(backend, question("What is the capital of Egypt?"))).text == "The capital of Egypt is Cairo."
    await backend.aclose()
    assert worker.stop() == 0
    assert not worker.socket.is_symlink()
