"""A worker process that may take little memory, with copies of the demo model of which one fits at a time."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest
import pytest_asyncio
from safetensors.numpy import load_file, save_file

from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from tests.local_models import ask, copy_demo, question, until
from tests.workers import RunningWorker, running_worker

BUDGET = 11 * 1024**2
PARIS = question("What is the capital of France?")


@pytest.fixture(scope="module")
def small_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorker]:
    models = tmp_path_factory.mktemp("models")
    for name in ("org/a", "org/b"):
        copy_demo(models, name)
    file = copy_demo(models, "org/large") / "model.safetensors"
    save_file({**load_file(file), "more": np.zeros(2 * BUDGET, np.int8)}, file, {"format": "mlx"})
    with running_worker(MLXMANAGER_MODELS_DIR=str(models), MLXMANAGER_MEMORY_BUDGET=str(BUDGET)) as running:
        yield running


@pytest_asyncio.fixture
async def small(small_worker: RunningWorker) -> AsyncIterator[LocalBackend]:
    backend = LocalBackend(small_worker.socket)
    yield backend
    await backend.aclose()


async def test_two_models_of_which_one_fits_answer_everybody(small: LocalBackend) -> None:
    models = ["org/a", "org/b"] * 6
    answers = [asyncio.create_task(ask(small, PARIS, model=name)) for name in models]
    most = 0
    while not all(answer.done() for answer in answers):
        status = await small.status()
        most = max(most, status.memory)
        assert len(status.models) <= 1
        await asyncio.sleep(0.02)
    assert {answer.result().text for answer in answers} == {"The capital of France is Paris."}
    assert 0 < most <= BUDGET


async def test_as_many_requests_as_have_room_are_answered_at_a_time(small: LocalBackend) -> None:
    answers = await asyncio.gather(*(ask(small, PARIS, model="org/a") for _ in range(24)))
    assert {answer.text for answer in answers} == {"The capital of France is Paris."}
    status = await until(lambda status: status.active == 0, small)
    assert (status.budget, status.memory <= BUDGET) == (BUDGET, True)


async def test_a_model_that_can_never_fit_is_refused_and_says_so(small: LocalBackend) -> None:
    with pytest.raises(BackendError) as caught:
        await ask(small, PARIS, model="org/large")
    assert caught.value.kind is Kind.MODEL_DOES_NOT_FIT
    assert "leaves 11.0 MB" in caught.value.message


async def test_a_request_that_can_never_fit_is_refused_and_the_others_go_on(small: LocalBackend) -> None:
    with pytest.raises(BackendError) as caught:
        await ask(small, question("Count to 20.", max_tokens=4000), model="org/a")
    assert (caught.value.kind, caught.value.param) == (Kind.CONTEXT_DOES_NOT_FIT, "max_tokens")
    assert (await ask(small, question("Count to 20."), model="org/a")).text.startswith("1 2 3")
