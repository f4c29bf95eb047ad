"""One loaded model and the batch it writes. Everything here is called on the one MLX thread.

Only Python values leave it: an MLX array belongs to the thread that made it.
"""

import gc
from collections.abc import Sequence
from dataclasses import dataclass

import mlx.core as mx

from inference import ir
from inference.installed import Installed
from inference.worker import caches, sampling
from inference.worker.adapter import BatchGenerator, TokenizerWrapper, load_model, load_tokenizer
from inference.worker.holding import Held
from inference.worker.prefixes import Prefixes
from inference.worker.reuse import Reuse

# Small, so that the answers being written go on while a long prompt is read.
PREFILL_STEP = 512
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

    def __init__(self, installed: Installed, *, slots: int, prefixes: Prefixes) -> None:
        folder = installed.folder
        model, config = load_model(folder)
        if mx.default_device() == mx.cpu:
            # CPUs compute in single precision, and convert half at every step.
            model.set_dtype(mx.float32)
        self.tokenizer: TokenizerWrapper = load_tokenizer(
            folder, {"trust_remote_code": False}, eos_token_ids=config.get("eos_token_id")
        )
        self.slots = slots
        self.window = context_window(config, self.tokenizer)
        self._defaults = sampling.read_defaults(folder)
        self._vocabulary: int = config.get("vocab_size") or len(self.tokenizer)
        self._batch = BatchGenerator(
            model,
            stop_tokens=[[token] for token in self.tokenizer.eos_token_ids],
            completion_batch_size=slots,
            prefill_step_size=PREFILL_STEP,
        )
        self.needs_borders = not caches.always_trims(model)
        self._shelf = prefixes.shelf(installed, caches.layout(model))
        self._reuse = Reuse(self._batch, self._shelf)

    def insert(
        self,
        prompt: list[int],
        wanted: ir.Sampling,
        *,
        max_tokens: int,
        tenant: str | None = None,
        borders: Sequence[int] = (),
        held: Held | None = None,
    ) -> Begun:
        """Add a row to the batch. Without a tenant nothing is recalled or kept.

        Raises GatewayError for parameters the model cannot follow.
        """
        sampler = sampling.sampler(wanted, self._defaults, self._vocabulary)
        processors = sampling.processors(wanted, self._defaults, self._vocabulary, prompt=len(prompt))
        if held is not None:
            # The last, so that nothing brings back what it has ruled out.
            processors.append(held)
        start = self._reuse.start(prompt, tenant, borders)
        rows: list[int] = self._batch.insert_segments(
            [start.segments],
            [max_tokens],
            [start.cache] if start.cache else None,
            [prompt[: start.cached]],
            samplers=[sampler],
            logits_processors=[processors],
        )
        self._reuse.follow(rows[0], start)
        return Begun(rows[0], start.cached)

    def step(self) -> list[Token | Reading]:
        """One token for each row that writes, and a piece of the prompts of those that read."""
        prompts, answers = self._batch.next()
        readings = [
            Reading(piece.uid, *self._reuse.progress(piece.uid, *piece.progress))
            for piece in prompts
            if not piece.end_of_segment
        ]
        self._reuse.keep(prompts, answers)
        return readings + [Token(answer.uid, answer.token, answer.finish_reason) for answer in answers]

    def remove(self, row: int) -> None:
        self._reuse.leave(row)
        self._batch.remove([row])

    def close(self) -> None:
        self._batch.close()
        self._shelf.close()
        del self._batch, self._reuse
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
