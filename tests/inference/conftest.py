"""Fixtures around the worker: one process for the whole run, and backends that speak to it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from inference.backends.local import LocalBackend
from tests.embedding_models import demo_embedder, tiny_bert
from tests.local_models import copy_demo, without_template
from tests.workers import RunningWorker, running_worker

NO_SYSTEM = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n<think>\n\n</think>\n\n"
)
OTHER_CALLS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
    "{# <tool_call>\n<function=name> #}"
)
EXPLODING = "{% for m in messages %}{{ m.content.nothing.more }}{% endfor %}"


@pytest.fixture(scope="session")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorker]:
    """Beside the demo model, copies of it are installed that refuse system messages, explode, call
    tools in another syntax, and want code run."""
    models = tmp_path_factory.mktemp("models")
    copy_demo(models, "test/no-system", template=NO_SYSTEM)
    copy_demo(models, "test/exploding", template=EXPLODING)
    copy_demo(models, "test/small-window", max_position_embeddings=64)
    (copy_demo(models, "test/with-code") / "modeling.py").write_text("raise SystemExit")
    copy_demo(models, "test/broken", hidden_size=7)
    (copy_demo(models, "test/broken-tokenizer") / "tokenizer.json").write_text("{")
    copy_demo(models, "test/never-loaded")
    copy_demo(models, "test/other-calls", template=OTHER_CALLS)
    without_template(copy_demo(models, "test/base"))
    tiny_bert(models, "test/bert", matryoshka_dims=[8, 16])
    tiny_bert(models, "test/uncut")
    demo_embedder(models, "test/decoder")
    with running_worker(MLXMANAGER_MODELS_DIR=str(models)) as running:
        yield running


@pytest.fixture(scope="session")
def worker_socket(worker: RunningWorker) -> Path:
    return worker.socket


@pytest_asyncio.fixture
async def local(worker_socket: Path) -> AsyncIterator[LocalBackend]:
    backend = LocalBackend(worker_socket)
    yield backend
    await backend.aclose()
