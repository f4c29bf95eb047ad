"""A model whose files are replaced is loaded anew: by a real worker, with copies of the demo model."""

import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import mlx.core as mx
import pytest
import pytest_asyncio

from inference.backends.local import LocalBackend
from inference.model_stamps import SETTLING, stamp
from tests.local_models import ask, begin, copy_demo, question, read
from tests.workers import RunningWorker, running_worker

NAME = "test/replaced"
HELLO = question("What is the capital of France?", max_tokens=12)
LONG = question("Tell me a story about a cat.", max_tokens=200)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    copy_demo(tmp_path, NAME)
    return tmp_path


@pytest.fixture
def worker(models: Path) -> Iterator[RunningWorker]:
    with running_worker(MLXMANAGER_MODELS_DIR=str(models)) as running:
        yield running


@pytest_asyncio.fixture
async def backend(worker: RunningWorker) -> AsyncIterator[LocalBackend]:
    local = LocalBackend(worker.socket)
    yield local
    await local.aclose()


def replace_weights(folder: Path) -> None:
    """Write other weights over those that are there, with the same time of modification."""
    file = folder / "model.safetensors"
    before = file.stat()
    weights = mx.load(str(file))
    assert isinstance(weights, dict)
    other = folder.parent / "other.safetensors"
    mx.save_safetensors(str(other), {name: array * -1 for name, array in weights.items()}, {"format": "mlx"})
    shutil.copyfile(other, file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


async def test_a_model_whose_files_are_replaced_is_loaded_anew_once_it_is_idle(
    models: Path, worker: RunningWorker, backend: LocalBackend
) -> None:
    before = (await ask(backend, HELLO, model=NAME)).text
    assert "Paris" in before
    alone = (await ask(backend, LONG, model=NAME)).text
    writing = await begin(backend, LONG, model=NAME)
    replace_weights(models / NAME)
    assert (await read(writing)).text == alone
    deadline = time.monotonic() + 20
    while (await ask(backend, HELLO, model=NAME)).text == before:
        assert time.monotonic() < deadline
    assert worker.log().count(f"model loaded model={NAME} ") == 2


async def test_a_model_whose_files_stay_is_not(models: Path, worker: RunningWorker, backend: LocalBackend) -> None:
    before = (await ask(backend, HELLO, model=NAME)).text
    (models / NAME / "README.md").write_text("Read me.")
    end = time.monotonic() + 3
    while time.monotonic() < end:
        assert (await ask(backend, HELLO, model=NAME)).text == before
    assert worker.log().count(f"model loaded model={NAME} ") == 1


def test_a_folder_that_is_written_to_is_not_settled(models: Path) -> None:
    folder = models / NAME
    before = stamp(folder)
    assert not before.is_settled
    assert stamp(folder) == before
    (folder / "config.json").write_text("{}")
    assert stamp(folder) != before
    shutil.rmtree(folder)
    assert not stamp(folder).is_settled
    time.sleep(SETTLING / 10**9)
    assert not stamp(folder).is_settled
