"""The demo model's tokenizer, for tests without a worker process."""

import pytest

from inference.installed import DEMO_FOLDER
from inference.worker.adapter import TokenizerWrapper, load_tokenizer


@pytest.fixture(scope="session")
def tokenizer() -> TokenizerWrapper:
    loaded: TokenizerWrapper = load_tokenizer(DEMO_FOLDER)
    return loaded
