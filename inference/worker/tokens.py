"""Requests to tokens without their model: tokenizers on one thread of their own, never the one that runs the models.

So a count needs no weights, and waits for neither a load nor a long prompt.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from inference.errors import GatewayError, Kind
from inference.protocols import native
from inference.worker import prompts
from inference.worker.adapter import TokenizerWrapper, load_tokenizer
from inference.worker.catalogue import LookUp, installed, loading

# A large vocabulary takes about a hundred megabytes.
KEPT = 3


class Tokenizers:
    """Called on the event loop. Their tokenizers are no resident model's: one serves a single thread at a time."""

    def __init__(self, look_up: LookUp, *, queue_limit: int) -> None:
        self._look_up = look_up
        self._queue_limit = queue_limit
        self._waiting = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokenizers")

    async def count(self, job: native.Job) -> int:
        """The tokens of the prompt. Raises GatewayError as an answer to the same request would."""
        return await self._on_thread(lambda: len(prompts.render(job, self._tokenizer(job.model)).tokens))

    async def _on_thread[T](self, run: Callable[[], T]) -> T:
        if self._waiting >= self._queue_limit:
            raise GatewayError(Kind.QUEUE_FULL, "Too many requests wait for their tokens.", retry_after=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, run)
        finally:
            self._waiting -= 1

    def _tokenizer(self, model: str) -> TokenizerWrapper:
        folder = installed(self._look_up, model).folder
        with loading(model):
            # Not the time of modification: a copy may have that of its original.
            return kept_tokenizer(folder, folder.stat().st_ctime_ns)


@lru_cache(maxsize=KEPT)
def kept_tokenizer(folder: Path, changed: int) -> TokenizerWrapper:  # noqa: ARG001 - a folder that was replaced is read again
    tokenizer: TokenizerWrapper = load_tokenizer(folder, {"trust_remote_code": False})
    return tokenizer
