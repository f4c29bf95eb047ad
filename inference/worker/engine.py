"""One loaded model and the batch it writes. Everything here is called on the one MLX thread.

Only Python values leave it: an MLX array belongs to the thread that made it.
"""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from inference import footprints, ir
from inference.installed import Installed
from inference.worker import caches
from inference.worker.adapter import BatchGenerator, TokenizerWrapper, make_prompt_cache
from inference.worker.caches import Cache
from inference.worker.drawing import Drawing
from inference.worker.generator import Generator
from inference.worker.holding import Held
from inference.worker.likelihoods import Likelihoods
from inference.worker.memory import Cost
from inference.worker.prefixes import Prefixes
from inference.worker.reuse import Reuse
from inference.worker.scoring import Entry, Scoring

FALLBACK_WINDOW = 8192
UNBOUNDED = 10**9


@dataclass(frozen=True, slots=True)
class Token:
    """`end`: `stop` for the model's own end of text, `length` at the row's limit, else None."""

    row: int
    token: int
    end: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """How much of a row's prompt is read, what was read before included."""

    row: int
    read: int
    total: int


@dataclass(frozen=True, slots=True)
class Begun:
    """`cached`: how many of the prompt's tokens were read before."""

    row: int
    cached: int


class Engine:
    """`needs_borders`: what it has read is of use again only at the borders of the prompt that it is told."""

    def __init__(
        self,
        installed: Installed,
        *,
        model: Any,
        config: dict[str, Any],
        tokenizer: TokenizerWrapper,
        cost: Cost,
        slots: int,
        prefixes: Prefixes,
    ) -> None:
        self.tokenizer = tokenizer
        self.cost = cost
        self.slots = slots
        self.window = context_window(config, tokenizer)
        self._drawing = Drawing(installed.folder, config, tokenizer)
        self._batch: BatchGenerator = Generator(
            model,
            stop_tokens=[[token] for token in tokenizer.eos_token_ids],
            completion_batch_size=slots,
            # Small, so that the answers being written go on while long prompts are read.
            prefill_batch_size=footprints.READ_TOGETHER,
            prefill_step_size=footprints.CHUNK,
        )
        self.needs_borders = not caches.always_trims(model)
        self._shelf = prefixes.shelf(installed, caches.kinds(make_prompt_cache(model)))
        self._reuse = Reuse(self._batch, self._shelf)
        self._scoring = Scoring(
            model, lambda entry, cache, read: self._add(entry, [entry.prompt[read:]], cache if read else None, read)
        )

    def insert(
        self,
        prompt: list[int],
        wanted: ir.Sampling,
        *,
        max_tokens: int,
        tenant: str | None = None,
        borders: Sequence[int] = (),
        held: Held | None = None,
        likelihoods: Likelihoods | None = None,
    ) -> Begun:
        """Add a row to the batch. Without a tenant nothing is recalled or kept.

        Raises GatewayError for parameters the model cannot follow.
        """
        draw = self._drawing.begin(prompt, wanted, held=held, likelihoods=likelihoods)
        entry = Entry(prompt, max_tokens, draw.sampler, draw.processors)
        if likelihoods is not None and likelihoods.wants_prompt:
            return Begun(self._scoring.begin(entry, likelihoods), 0)
        start = self._reuse.start(prompt, tenant, borders)
        row = self._add(entry, start.segments, start.cache, start.cached)
        self._reuse.follow(row, start)
        return Begun(row, start.cached)

    def step(self) -> list[Token | Reading]:
        """One token for each row that writes, and a piece of the prompts of those that read."""
        prompts, answers = self._batch.next()
        readings = [
            Reading(piece.uid, *self._reuse.progress(piece.uid, *piece.progress))
            for piece in prompts
            if not piece.end_of_segment
        ]
        readings += [Reading(*read) for read in self._scoring.advance()]
        self._reuse.keep(prompts, answers)
        tokens = [Token(self._scoring.number(one.uid), one.token, one.finish_reason) for one in answers]
        for answer in answers:
            if answer.finish_reason is not None:
                self._scoring.end(answer.uid)
        return readings + tokens

    def remove(self, row: int) -> None:
        known = self._scoring.leave(row)
        if known is not None:
            self._reuse.leave(known)
            self._batch.remove([known])

    def _add(self, entry: Entry, segments: list[list[int]], cache: Cache | None, read: int) -> int:
        """A row of the batch, of whose prompt so many tokens are in the cache already."""
        rows: list[int] = self._batch.insert_segments(
            [segments],
            [entry.max_tokens],
            [cache] if cache else None,
            [entry.prompt[:read]],
            samplers=[entry.sampler],
            logits_processors=[entry.processors],
        )
        return rows[0]

    def close(self) -> None:
        self._batch.close()
        self._shelf.close()
        del self._batch, self._reuse, self._scoring
        gc.collect()
        mx.clear_cache()


def context_window(config: dict[str, object], tokenizer: TokenizerWrapper) -> int:
    """How many tokens the model can hold, as far as its files say."""
    text = config.get("text_config")
    for source in (config, text if isinstance(text, dict) else {}):
        window = source.get("max_position_embeddings")
        if isinstance(window, int) and window > 0:
            return window
    window = tokenizer.model_max_length
    return window if isinstance(window, int) and 0 < window < UNBOUNDED else FALLBACK_WINDOW


def memory() -> int:
    """Bytes that MLX holds now."""
    return int(mx.get_active_memory())


def device_memory() -> int | None:
    """Bytes that the GPU works well with; None where there is none."""
    size = mx.device_info().get("max_recommended_working_set_size")
    return int(size) if size else None


def limit_memory(size: int) -> None:
    """Have MLX give back what it keeps for later before it takes more than this."""
    mx.set_memory_limit(size)
