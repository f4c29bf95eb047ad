"""Requests to tokens without their model: tokenizers on threads of their own, never the one that runs the models.

So a count needs no weights and waits for no load, and answers being written go on while a long prompt is made tokens
of. Large requests have a thread to themselves, so that small ones do not wait for them.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal

from inference import recipes
from inference.errors import GatewayError, Kind
from inference.installed import Installed
from inference.model_stamps import Stamp, stamp
from inference.protocols import native
from inference.recipes import Recipe
from inference.worker import grammars, prompts
from inference.worker.adapter import TokenizerWrapper, load_config, load_tokenizer
from inference.worker.catalogue import LookUp, installed, loading, remembering
from inference.worker.constraints import Constraint, constraint
from inference.worker.engine import context_window
from inference.worker.forms import Form
from inference.worker.trials import Trials
from inference.worker.work import Inputs

# A large vocabulary takes about a hundred megabytes.
KEPT = 3

# How many texts to embed are read before others have their turn.
TOGETHER = 32

# More would keep others waiting; who asks is told an estimate instead.
MOST_COUNTED = 2_000_000

# In bytes. Smaller ones take some tens of milliseconds.
LARGE = 256 * 1024

type Lane = Literal["small", "large"]
type Text = str | tuple[int, ...]


class Tokenizers:
    """Called on the event loop. Their tokenizers are no resident model's: one serves a single thread.

    `size` is that of the request, in bytes.
    """

    def __init__(self, look_up: LookUp, *, queue_limit: int) -> None:
        self._look_up = remembering(look_up)
        self._queue_limit = queue_limit
        self._waiting = 0
        lanes: tuple[Lane, ...] = ("small", "large")
        self._threads = {lane: ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"{lane} texts") for lane in lanes}
        self._trials = Trials(queue_limit=queue_limit)

    async def count(self, job: native.Job, *, size: int) -> int:
        """The tokens of the prompt. Raises GatewayError as an answer to the same request would."""
        lane = lane_of(size)
        prompt = await self._on_thread(lane, lambda: self._render(job, lane, most=MOST_COUNTED))
        return len(prompt.tokens)

    async def prompt(self, job: native.Job, *, size: int) -> prompts.Prompt:
        """What the model is to go on from. Raises GatewayError where it cannot be made, or exceeds the window."""
        lane = lane_of(size)
        return await self._on_thread(lane, lambda: self._render(job, lane))

    async def constrain(self, job: native.Job, wanted: Form, *, prompt: prompts.Prompt) -> Constraint | None:
        """What the answer to the prompt is held to. Raises GatewayError where it cannot be."""
        settled = await self._trials.settle(wanted)
        grammar = await self._on_thread("small", lambda: self._grammar(job, settled, prompt))
        if grammar is None:
            return None
        await self._trials.check(grammar, param=wanted.param)
        return await self._on_thread("small", lambda: self._constrain(job, grammar, wanted.param))

    async def read(self, job: native.EmbeddingJob) -> Inputs:
        """The tokens of texts to embed. Raises GatewayError for what the model cannot make vectors of."""
        recipe, tokenizer = await self._on_thread("small", lambda: self._embedding(job.model))
        size = recipe.length(job.dimensions)
        if not job.inputs:
            raise GatewayError(Kind.INVALID_VALUE, "There is nothing to embed.", param="input")
        names = [f"input[{number}]" for number in range(len(job.inputs))] if len(job.inputs) > 1 else ["input"]
        rows: list[list[int]] = []
        for some in itertools.batched(zip(names, job.inputs, strict=True), TOGETHER):
            rows += await self._on_thread("small", partial(read_texts, some, tokenizer, recipe))
        return Inputs(job.model, rows, size)

    async def _on_thread[T](self, lane: Lane, run: Callable[[], T]) -> T:
        if self._waiting >= self._queue_limit:
            raise GatewayError(Kind.QUEUE_FULL, "Too many requests wait for their tokens.", retry_after=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads[lane], run)
        finally:
            self._waiting -= 1

    # On the thread.

    def _render(self, job: native.Job, lane: Lane, *, most: int | None = None) -> prompts.Prompt:
        model = installed(self._look_up, job.model, "chat")
        tokenizer = kept(model, lane)
        return prompts.render(job, tokenizer, most=kept_window(model, tokenizer) if most is None else most)

    def _grammar(self, job: native.Job, wanted: Form, prompt: prompts.Prompt) -> str | None:
        if prompt.goes_on and not wanted.text:
            message = "An answer that has begun cannot be held to a form."
            raise GatewayError(Kind.PREFILL_UNSUPPORTED, message, param="messages")
        may_think = job.thinking is not False and not prompt.goes_on
        return grammars.grammar(wanted, self._tokenizer(job), thinks=prompt.thinks, may_think=may_think)

    def _constrain(self, job: native.Job, grammar: str, param: str) -> Constraint:
        return constraint(grammar, self._tokenizer(job), param=param)

    def _tokenizer(self, job: native.Job) -> TokenizerWrapper:
        return kept(installed(self._look_up, job.model, "chat"), "small")

    def _embedding(self, name: str) -> tuple[Recipe, TokenizerWrapper]:
        model = installed(self._look_up, name, "embedding")
        with loading(name):
            recipe = recipes.read(model.folder)
        return recipe, kept(model, "small")


def lane_of(size: int) -> Lane:
    return "large" if size > LARGE else "small"


def kept(model: Installed, lane: Lane) -> TokenizerWrapper:
    with loading(model.name):
        return kept_tokenizer(model.folder, stamp(model.folder), lane)


def kept_window(model: Installed, tokenizer: TokenizerWrapper) -> int:
    with loading(model.name):
        return context_window(load_config(model.folder), tokenizer)


@lru_cache(maxsize=KEPT)
def kept_tokenizer(folder: Path, files: Stamp, lane: Lane) -> TokenizerWrapper:  # noqa: ARG001 - a folder that was replaced is read again, and a tokenizer is one lane's
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
        raise GatewayError(Kind.INVALID_VALUE, "This is empty.", param=param)
    if len(tokens) > recipe.window:
        message = f"{param} is too long: {len(tokens)} tokens > {recipe.window} maximum"
        raise GatewayError(Kind.CONTEXT_LENGTH_EXCEEDED, message, param=param)
    return tokens
