"""Requests to tokens without their model: tokenizers on one thread of their own, never the one that runs the models.

So a count needs no weights, and waits for neither a load nor a long prompt.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path

from inference import recipes
from inference.errors import GatewayError, Kind
from inference.installed import Installed
from inference.protocols import native
from inference.recipes import Recipe
from inference.worker import grammars, prompts
from inference.worker.adapter import TokenizerWrapper, load_config, load_tokenizer
from inference.worker.catalogue import LookUp, installed, loading
from inference.worker.constraints import Constraint, constraint
from inference.worker.forms import Form
from inference.worker.trials import Trials
from inference.worker.work import Inputs

# A large vocabulary takes about a hundred megabytes.
KEPT = 3

# How many texts to embed are read before others have their turn.
TOGETHER = 32

# More would keep others waiting; who asks is told an estimate instead.
MOST_COUNTED = 2_000_000

type Text = str | tuple[int, ...]


class Tokenizers:
    """Called on the event loop. Their tokenizers are no resident model's: one serves a single thread at a time."""

    def __init__(self, look_up: LookUp, *, queue_limit: int) -> None:
        self._look_up = look_up
        self._queue_limit = queue_limit
        self._waiting = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokenizers")
        self._trials = Trials(queue_limit=queue_limit)

    async def count(self, job: native.Job) -> int:
        """The tokens of the prompt. Raises GatewayError as an answer to the same request would."""
        return await self._on_thread(lambda: self._count(job))

    async def constrain(self, job: native.Job, wanted: Form) -> Constraint | None:
        """What the answer is held to. Raises GatewayError where it cannot be."""
        settled = await self._trials.settle(wanted)
        return await self._on_thread(lambda: self._constrain(job, settled))

    async def read(self, job: native.EmbeddingJob) -> Inputs:
        """The tokens of texts to embed. Raises GatewayError for what the model cannot make vectors of."""
        recipe, tokenizer = await self._on_thread(lambda: self._embedding(job.model))
        size = recipe.length(job.dimensions)
        if not job.inputs:
            raise GatewayError(Kind.INVALID_VALUE, "There is nothing to embed.", param="input")
        names = [f"input[{number}]" for number in range(len(job.inputs))] if len(job.inputs) > 1 else ["input"]
        rows: list[list[int]] = []
        for some in itertools.batched(zip(names, job.inputs, strict=True), TOGETHER):
            rows += await self._on_thread(partial(read_texts, some, tokenizer, recipe))
        return Inputs(job.model, rows, size)

    async def _on_thread[T](self, run: Callable[[], T]) -> T:
        if self._waiting >= self._queue_limit:
            raise GatewayError(Kind.QUEUE_FULL, "Too many requests wait for their tokens.", retry_after=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, run)
        finally:
            self._waiting -= 1

    # On the thread.

    def _count(self, job: native.Job) -> int:
        tokenizer = kept(installed(self._look_up, job.model, "chat"))
        return len(prompts.render(job, tokenizer, most=MOST_COUNTED).tokens)

    def _constrain(self, job: native.Job, wanted: Form) -> Constraint | None:
        tokenizer = kept(installed(self._look_up, job.model, "chat"))
        prompt = prompts.render(job, tokenizer, most=MOST_COUNTED)
        if prompt.goes_on and not wanted.text:
            message = "An answer that has begun cannot be held to a form."
            raise GatewayError(Kind.PREFILL_UNSUPPORTED, message, param="messages")
        may_think = job.thinking is not False and not prompt.goes_on
        grammar = grammars.grammar(wanted, tokenizer, thinks=prompt.thinks, may_think=may_think)
        return None if grammar is None else constraint(grammar, tokenizer, param=wanted.param)

    def _embedding(self, name: str) -> tuple[Recipe, TokenizerWrapper]:
        model = installed(self._look_up, name, "embedding")
        with loading(name):
            recipe = recipes.read(model.folder)
        return recipe, kept(model)


def kept(model: Installed) -> TokenizerWrapper:
    with loading(model.name):
        # Not the time of modification: a copy may have that of its original.
        return kept_tokenizer(model.folder, model.folder.stat().st_ctime_ns)


@lru_cache(maxsize=KEPT)
def kept_tokenizer(folder: Path, changed: int) -> TokenizerWrapper:  # noqa: ARG001 - a folder that was replaced is read again
    ends = load_config(folder).get("eos_token_id")
    loaded: TokenizerWrapper = load_tokenizer(folder, {"trust_remote_code": False}, eos_token_ids=ends)
    return loaded


def read_texts(texts: Iterable[tuple[str, Text]], tokenizer: TokenizerWrapper, recipe: Recipe) -> list[list[int]]:
    return [read_text(text, tokenizer, recipe, param=name) for name, text in texts]


def read_text(text: Text, tokenizer: TokenizerWrapper, recipe: Recipe, *, param: str) -> list[int]:
    """Tokens are taken as they are: whoever sends them has written the special ones too."""
    if isinstance(text, str):
        whole = recipe.prompt + text
        tokens: list[int] = tokenizer.encode(whole.lower() if recipe.lowers_case else whole, verbose=False)
    else:
        tokens = prompts.check_tokens(text, len(tokenizer), param=param)
    if not tokens:
        raise GatewayError(Kind.INVALID_VALUE, f"{param} is empty.", param=param)
    if len(tokens) > recipe.window:
        message = f"{param} is too long: {len(tokens)} tokens > {recipe.window} maximum"
        raise GatewayError(Kind.CONTEXT_LENGTH_EXCEEDED, message, param=param)
    return tokens
