"""Models from strangers: none runs code, none ends the worker, and who asks for one is told why it is not to be had."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from inference.backends.local import LocalBackend
from inference.errors import BackendError
from inference.installed import DEMO_NAME, find
from tests.inference.hostile_folders import FOLDERS
from tests.local_models import ask, copy_demo, question
from tests.workers import RunningWorker, running_worker

# They load all the same: what is odd about them does no harm.
HARMLESS = {"tokenizer-class", "deep-header"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("strangers")
    for name, (spoil, _) in FOLDERS.items():
        spoil(copy_demo(top / "models", f"evil/{name}"), top / "canary")
    return top / "models"


@pytest.fixture(scope="module")
def beset(models: Path) -> Iterator[RunningWorker]:
    with running_worker(MLXMANAGER_MODELS_DIR=str(models)) as worker:
        yield worker


@pytest_asyncio.fixture
async def backend(beset: RunningWorker) -> AsyncIterator[LocalBackend]:
    made = LocalBackend(beset.socket)
    yield made
    await made.aclose()


async def refusal(asking: Awaitable[object]) -> str | None:
    try:
        await asking
    except BackendError as error:
        return error.message
    return None


@pytest.mark.parametrize("name", FOLDERS)
async def test_a_hostile_folder_is_refused_by_its_fault_and_the_worker_lives(
    beset: RunningWorker, backend: LocalBackend, models: Path, name: str
) -> None:
    _, word = FOLDERS[name]
    refused = await refusal(ask(backend, question("Hello", max_tokens=2), model=f"evil/{name}"))
    assert (refused is None) is (name in HARMLESS)
    assert refused is None or word in refused
    assert "Paris" in (await ask(backend, question("What is the capital of France?"), model=DEMO_NAME)).text
    assert beset.process.poll() is None
    assert not (models.parent / "canary").exists()


@pytest.mark.parametrize("name", FOLDERS)
async def test_to_load_one_on_purpose_ends_no_worker(
    beset: RunningWorker, backend: LocalBackend, models: Path, name: str
) -> None:
    refused = await refusal(backend.load(f"evil/{name}"))
    assert refused is None or f"evil/{name}" in refused
    await backend.ping()
    assert beset.process.poll() is None
    assert not (models.parent / "canary").exists()


def test_one_hostile_folder_hides_no_other_from_the_list(models: Path) -> None:
    found = find(models, models)
    assert len(FOLDERS) >= 30
    # The half-downloaded one is not there yet.
    assert set(found) == {DEMO_NAME, *(f"evil/{name}" for name in FOLDERS if name != "half-downloaded")}
