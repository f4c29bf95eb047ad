"""Adapters of the demo model, with random weights that change what it writes."""

import json
from pathlib import Path
from typing import Any

import mlx.core as mx

from inference.installed import DEMO_NAME

RANK = 4
SCALE = 2.0
# The layers that are changed, with the widths of what goes in and what comes out.
PLACES = {"model.layers.0.self_attn.v_proj": (128, 64), "model.layers.2.self_attn.o_proj": (128, 128)}


def lora(seed: int = 1, *, rank: int = RANK) -> dict[str, mx.array]:
    keys = iter(mx.random.split(mx.random.key(seed), 2 * len(PLACES)))
    weights = {}
    for place, (into, out) in PLACES.items():
        weights[f"{place}.lora_a"] = mx.random.normal((into, rank), key=next(keys)) * 0.1
        weights[f"{place}.lora_b"] = mx.random.normal((rank, out), key=next(keys)) * 0.2
    return weights


def make_adapter(
    models_dir: Path, name: str, *, weights: dict[str, mx.array] | None = None, base: str = DEMO_NAME, **config: Any
) -> Path:
    """An installed adapter as mlx-lm's training leaves it, with more in its adapter_config.json."""
    folder = models_dir / name
    folder.mkdir(parents=True)
    said = {
        "adapter_path": "adapters",
        "fine_tune_type": "lora",
        "lora_parameters": {"rank": RANK, "scale": SCALE, "dropout": 0.0},
        "model": base,
        "num_layers": 4,
    }
    (folder / "adapter_config.json").write_text(json.dumps(said | config))
    mx.save_safetensors(str(folder / "adapters.safetensors"), weights or lora())
    return folder
