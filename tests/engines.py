"""Engines in the tests' own process, with the demo model or small ones of random weights, and what they write."""

import importlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten, tree_map

from inference import ir
from inference.installed import DEMO_FOLDER, DEMO_NAME, Installed
from inference.protocols import wire
from inference.worker.engine import Token
from inference.worker.engines import AnyEngine, load
from inference.worker.plans import Plan
from inference.worker.prefix_files import PrefixFiles
from inference.worker.prefixes import Prefixes
from tests.local_models import loaded

GREEDY = ir.Sampling(temperature=0)
DEMO = Installed(DEMO_NAME, DEMO_FOLDER, "bundled", 0)
PLENTY = 10**9

# Beside plain attention: windows that slide, convolutions and recurrent states, alone and in one layer.
ATTENTION = {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 1024}
KINDS: dict[str, dict[str, Any]] = {
    "gemma3_text": ATTENTION
    | {"num_hidden_layers": 4, "intermediate_size": 128, "sliding_window": 48, "sliding_window_pattern": 2}
    | {"query_pre_attn_scalar": 16},
    "lfm2": ATTENTION
    | {"num_hidden_layers": 4, "norm_eps": 1e-5, "conv_bias": False, "conv_L_cache": 3, "block_dim": 64}
    | {"block_multiple_of": 16, "block_ffn_dim_multiplier": 1.0, "block_auto_adjust_ff_dim": False}
    | {"block_ff_dim": 128, "full_attn_idxs": [1, 3]},
    "qwen3_next": ATTENTION
    | {"num_hidden_layers": 2, "intermediate_size": 128, "linear_num_value_heads": 4, "linear_num_key_heads": 2}
    | {"linear_key_head_dim": 32, "linear_value_head_dim": 32, "linear_conv_kernel_dim": 4, "num_experts": 0}
    | {"num_experts_per_tok": 0, "decoder_sparse_step": 1, "shared_expert_intermediate_size": 64}
    | {"mlp_only_layers": [], "moe_intermediate_size": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000.0}
    | {"partial_rotary_factor": 0.25, "full_attention_interval": 2},
    "falcon_h1": ATTENTION
    | {"num_hidden_layers": 2, "intermediate_size": 128, "mamba_d_ssm": 64, "mamba_d_head": 16, "mamba_n_heads": 4}
    | {"mamba_d_state": 16, "lm_head_multiplier": 1.0},
}

# Attention within chunks, whose caches do not batch.
CHUNKED: dict[str, Any] = {
    "text_config": ATTENTION
    | {"model_type": "llama4_text", "num_hidden_layers": 4, "intermediate_size": 64, "intermediate_size_mlp": 128}
    | {"attention_bias": False, "attention_chunk_size": 32, "interleave_moe_layer_step": 2, "rope_theta": 10000.0}
    | {"max_position_embeddings": 4096, "num_experts_per_tok": 1, "num_local_experts": 2, "rms_norm_eps": 1e-6}
    | {"rope_scaling": None, "use_qk_norm": True}
}


def make_model(kind: str, folder: Path, **more: Any) -> Installed:
    """A model of this kind with random weights, the demo model's tokenizer, and more in its config.json."""
    shutil.copytree(DEMO_FOLDER, folder, ignore=shutil.ignore_patterns("model.safetensors"))
    kinds = KINDS | {"llama4": CHUNKED}
    config = {"model_type": kind, "max_position_embeddings": 4096, "eos_token_id": 2} | kinds[kind] | more
    (folder / "config.json").write_text(json.dumps(config))
    module = importlib.import_module(f"mlx_lm.models.{kind}")
    mx.random.seed(3)
    model = module.Model(module.ModelArgs.from_dict(config))
    # Strong enough that what is written depends on all that was read.
    model.update(tree_map(lambda array: array * 2 if array.ndim > 1 else array, model.parameters()))
    mx.save_safetensors(str(folder / "model.safetensors"), dict(tree_flatten(model.parameters())), {"format": "mlx"})
    return Installed(f"test/{folder.name}", folder, "models", 0)


def planned(
    model: Installed = DEMO, *, bits: int | None = None, draft: Installed | None = None, guesses: int | None = None
) -> Plan:
    return Plan(model, wire.LoadOptions(bits, draft.name if draft else None, guesses), draft)


@dataclass
class Bench:
    """An engine and its prefixes. `waiting` is what the MLX thread, which is the test's, is still to do."""

    engine: AnyEngine
    prefixes: Prefixes
    waiting: Queue[Callable[[], None]]

    def write(
        self, *prompts: Sequence[int], tenant: str | None = "one", borders: Sequence[int] = (), **wanted: Any
    ) -> tuple[list[list[int]], list[int]]:
        """What is written after each prompt, all in one batch, and how much of each was read before."""
        sampling = wanted.get("sampling", GREEDY)
        begun = [
            self.engine.insert(list(prompt), sampling, max_tokens=wanted.get("most", 8), tenant=tenant, borders=borders)
            for prompt in prompts
        ]
        written: dict[int, list[int]] = {each.row: [] for each in begun}
        ended: set[int] = set()
        while len(ended) < len(written):
            for made in self.engine.step():
                if isinstance(made, Token):
                    written[made.row].append(made.token)
                    ended |= {made.row} if made.end else set()
        self.catch_up()
        return [written[each.row] for each in begun], [each.cached for each in begun]

    def catch_up(self) -> None:
        """Do what waits now."""
        while not self.waiting.empty():
            self.waiting.get()()

    def work_until(self, done: Callable[[], bool]) -> None:
        while not done():
            self.waiting.get(timeout=10)()

    def save(self) -> None:
        """Do what waits until there is one file more."""
        before = self.prefixes.figures().disk
        self.work_until(lambda: self.prefixes.figures().disk > before)


@contextmanager
def bench(
    model: Installed | Plan = DEMO, *, limit: int = PLENTY, files: PrefixFiles | None = None, spare: int = PLENTY
) -> Iterator[Bench]:
    waiting: Queue[Callable[[], None]] = Queue()
    prefixes = Prefixes(limit, files, waiting.put, lambda: spare)
    plan = model if isinstance(model, Plan) else Plan(model)
    engine = loaded(load(plan, slots=16, prefixes=prefixes))
    try:
        yield Bench(engine, prefixes, waiting)
    finally:
        engine.close()
