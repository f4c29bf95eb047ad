"""A large prompt is made tokens of while others are answered: neither streams nor new requests wait for it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from tests.local_models import ask, copy_demo, question
from tests.workers import running_worker

WIDE = "test/wide"
LARGE = "The quick brown fox jumps over the lazy dog. " * 30_000


@pytest.fixture(scope="module")
def wide_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Its window is such that the large prompt has to be made tokens of before it is known to be too long."""
    models = tmp_path_factory.mktemp("wide")
    copy_demo(models, WIDE, max_position_embeddings=200_000)
    with running_worker(MLXMANAGER_MODELS_DIR=str(models)) as worker:
        yield worker.socket


@pytest_asyncio.fixture
async def wide(wide_socket: Path) -> AsyncIterator[LocalBackend]:
    backend = LocalBackend(wide_socket)
    yield backend
    await backend.aclose()


async def test_small_requests_to_the_same_model_do_not_wait_for_a_large_one(wide: LocalBackend) -> None:
    await ask(wide, question("What is the capital of France?"), model=WIDE)
    large = asyncio.create_task(ask(wide, question(LARGE), model=WIDE))
    await asyncio.sleep(0.2)
    for country, capital in (("Peru", "Lima"), ("Egypt", "Cairo")):
        assert capital in (await ask(wide, question(f"What is the capital of {country}?"), model=WIDE)).text
        assert not large.done()
    with pytest.raises(BackendError) as caught:
        await large
    assert caught.value.kind is Kind.CONTEXT_LENGTH_EXCEEDED


async def test_a_large_request_is_cancelled_while_it_is_made_tokens_of(wide: LocalBackend) -> None:
    large = asyncio.create_task(ask(wide, question(LARGE), model=WIDE))
    await asyncio.sleep(0.2)
    large.cancel()
    with pytest.raises(asyncio.CancelledError):
        await large
    assert "Lima" in (await ask(wide, question("What is the capital of Peru?"), model=WIDE)).text
