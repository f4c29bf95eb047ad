"""The model that is measured: a copy that writes until its limit, so that every answer is the same amount of work."""

import json
import shutil
from pathlib import Path
from typing import Any

import mlx.core as mx

from inference.installed import WEIGHTS

EMBEDDINGS, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def copy_endless(source: Path, folder: Path, *, single: bool) -> Path:
    """Its special tokens, the end among them, are never drawn: their rows of the head are zero.

    `single`: the files are in single precision. So this product's worker computes on a CPU in any case, and the other
    server only where the files say so.
    """
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(WEIGHTS))
    config = folder / "config.json"
    config.write_text(json.dumps(read(config) | {"tie_word_embeddings": False}))
    weights: dict[str, mx.array] = {}
    for path in source.glob(WEIGHTS):
        loaded = mx.load(str(path))
        assert isinstance(loaded, dict)
        weights |= loaded
    head = weights.get(HEAD, weights[EMBEDDINGS])
    special = mx.array([token["id"] for token in read(folder / "tokenizer.json")["added_tokens"]])
    weights[HEAD] = head.at[special].multiply(mx.array(0, dtype=head.dtype))
    if single:
        weights = {name: array.astype(mx.float32) for name, array in weights.items()}
    mx.save_safetensors(str(folder / "model.safetensors"), weights, {"format": "mlx"})
    return folder


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
