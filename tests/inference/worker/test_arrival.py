"""A model at whose loading the worker has died does not keep the next one from serving the others."""

import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from inference import load_crashes
from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from inference.installed import Installed
from inference.load_crashes import LoadCrashes
from inference.protocols import wire
from inference.worker.arrival import Arrival
from inference.worker.plans import Plan
from tests.gateway import short_home
from tests.local_models import ask, copy_demo, question, until
from tests.workers import start

FATAL = "test/fatal"
DIE = """
import os, sys
from pathlib import Path
from inference.load_crashes import LoadCrashes
with LoadCrashes(Path(sys.argv[1])).noted(sys.argv[2]):
    os.kill(os.getpid(), 9)
"""


def die_loading(folder: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", DIE, str(folder), FATAL], check=False)
    assert ended.returncode == -signal.SIGKILL


@pytest.fixture
def home() -> Iterator[Path]:
    with short_home() as made:
        yield made


@pytest_asyncio.fixture
async def survivor(home: Path, tmp_path: Path) -> AsyncIterator[LocalBackend]:
    """A worker that was started after two have died at the fatal model, and is to load it ahead."""
    copy_demo(tmp_path, FATAL)
    copy_demo(tmp_path, "test/other")
    for _ in range(load_crashes.CRASHES):
        die_loading(load_crashes.place(home))
    worker = start(home, {"MLXMANAGER_MODELS_DIR": str(tmp_path)})
    backend = LocalBackend(worker.socket)
    backend.configure(1, [wire.ModelOptions(FATAL, preload=True), wire.ModelOptions("test/other", preload=True)])
    yield backend
    await backend.aclose()
    worker.stop()


async def test_what_has_crashed_the_worker_twice_is_no_longer_loaded_and_the_others_are(survivor: LocalBackend) -> None:
    status = await until(lambda status: bool(status.models), survivor)
    assert [model.name for model in status.models] == ["test/other"]
    with pytest.raises(BackendError) as caught:
        await ask(survivor, question("Hello"), model=FATAL)
    assert caught.value.kind is Kind.MODEL_NOT_INSTALLED
    assert "crashed the local worker twice" in caught.value.message
    assert (await ask(survivor, question("What is the capital of France?"))).text.endswith("Paris.")


def test_a_model_is_noted_while_a_piece_of_it_is_loaded(tmp_path: Path) -> None:
    noted: list[str] = []

    def load(_: Plan) -> Iterator[None]:
        while True:
            noted.append((tmp_path / "loading").read_text())
            yield None

    model = Installed(FATAL, Path(), "models", 0)
    arrival = Arrival({FATAL: model}.get, load, crashes=LoadCrashes(tmp_path))
    arrival.begin(Plan(model))
    for count in (1, 2):
        arrival.go_on()
        assert noted == [FATAL] * count
        assert (tmp_path / "loading").read_text() == ""
