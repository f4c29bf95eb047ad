"""Small embedding models with weights that a seed gives, and what they have to answer, computed without MLX."""

import json
import math
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from tests.local_models import copy_demo

type Array = NDArray[np.float32]

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CLS, SEP = 2, 3
CONFIG: dict[str, Any] = {
    "model_type": "bert",
    "architectures": ["BertModel"],
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "max_position_embeddings": 48,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}


def tiny_bert(
    models_dir: Path, name: str, *, pooling: str = "mean_tokens", normalise: bool = True, **config: Any
) -> Path:
    """An installed BERT that reads letters and digits; `config` adds to its config.json."""
    folder = models_dir / name
    folder.mkdir(parents=True)
    settings = CONFIG | {"vocab_size": len(vocabulary())} | config
    write(folder / "config.json", settings)
    write(folder / "tokenizer.json", tokenizer())
    write(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"})
    pools(folder, pooling, normalise=normalise)
    save_file(random_weights(settings), folder / "model.safetensors")
    return folder


def demo_embedder(models_dir: Path, name: str, **config: Any) -> Path:
    """The demo model as a decoder that makes vectors."""
    folder = copy_demo(models_dir, name, **config)
    pools(folder, "lasttoken", normalise=True)
    return folder


def pools(folder: Path, pooling: str, *, normalise: bool) -> None:
    """The files of sentence-transformers."""
    names = ["Transformer", "Pooling", *(["Normalize"] if normalise else [])]
    write(folder / "modules.json", [{"type": f"sentence_transformers.models.{name}"} for name in names])
    (folder / "1_Pooling").mkdir()
    flags = {
        f"pooling_mode_{mode}": mode == pooling for mode in ("cls_token", "mean_tokens", "max_tokens", "lasttoken")
    }
    write(folder / "1_Pooling" / "config.json", flags)


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value))


def vocabulary() -> dict[str, int]:
    letters = [*string.ascii_lowercase, *string.digits]
    return {text: number for number, text in enumerate([*SPECIAL, *letters, *(f"##{letter}" for letter in letters)])}


def tokenizer() -> dict[str, Any]:
    """WordPiece, a token for each letter."""
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    around = [{"SpecialToken": {"id": name, "type_id": 0}} for name in ("[CLS]", "[SEP]")]
    text = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "version": "1.0",
        "added_tokens": [
            {"id": number, "content": text, "special": True} | flags for number, text in enumerate(SPECIAL)
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [around[0], text, around[1]],
            "pair": [around[0], text, around[1], {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {
                name: {"id": name, "ids": [number], "tokens": [name]}
                for name, number in (("[CLS]", CLS), ("[SEP]", SEP))
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 1000,
            "vocab": vocabulary(),
        },
    }


def tokens(text: str) -> list[int]:
    """As the tokenizer above reads words of lower-case letters and digits."""
    known = vocabulary()
    words = [[known[f"##{letter}" if place else letter] for place, letter in enumerate(word)] for word in text.split()]
    return [CLS, *(token for word in words for token in word), SEP]


def random_weights(config: dict[str, Any], seed: int = 7) -> dict[str, Array]:
    size, inner = config["hidden_size"], config["intermediate_size"]
    rows = {
        "word": config["vocab_size"],
        "position": config["max_position_embeddings"],
        "token_type": config["type_vocab_size"],
    }
    shapes: dict[str, tuple[int, ...]] = {f"embeddings.{name}_embeddings.weight": (n, size) for name, n in rows.items()}
    linear = {"attention.self.query": (size, size), "attention.self.key": (size, size)}
    linear |= {"attention.self.value": (size, size), "attention.output.dense": (size, size)}
    linear |= {"intermediate.dense": (inner, size), "output.dense": (size, inner)}
    norms = ["embeddings.LayerNorm"]
    for number in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        shapes |= {f"{layer}.{name}.weight": shape for name, shape in linear.items()}
        shapes |= {f"{layer}.{name}.bias": shape[:1] for name, shape in linear.items()}
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    shapes |= {f"{name}.{part}": (size,) for name in norms for part in ("weight", "bias")}
    generator = np.random.default_rng(seed)
    return {name: generator.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def states(folder: Path, row: Sequence[int]) -> Array:
    """One text's states, one layer after the other, as the paper on BERT has it."""
    config = json.loads((folder / "config.json").read_text())
    weights = load_file(folder / "model.safetensors")

    def linear(name: str, x: Array) -> Array:
        return np.asarray(x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])

    def norm(name: str, x: Array) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + config["layer_norm_eps"])
        return np.asarray(scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"])

    first = config["pad_token_id"] + 1 if config["model_type"] != "bert" else 0
    x = weights["embeddings.word_embeddings.weight"][list(row)]
    x = x + weights["embeddings.position_embeddings.weight"][first : first + len(row)]
    x = norm("embeddings.LayerNorm", x + weights["embeddings.token_type_embeddings.weight"][0])
    width = config["hidden_size"] // config["num_attention_heads"]
    for number in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        heads = []
        for head in range(config["num_attention_heads"]):
            own = slice(head * width, (head + 1) * width)
            q, k, v = (linear(f"{layer}.attention.self.{part}", x)[:, own] for part in ("query", "key", "value"))
            scores = np.exp(q @ k.T / math.sqrt(width))
            heads.append(scores / scores.sum(-1, keepdims=True) @ v)
        seen = linear(f"{layer}.attention.output.dense", np.concatenate(heads, -1))
        x = norm(f"{layer}.attention.output.LayerNorm", x + seen)
        inner = linear(f"{layer}.intermediate.dense", x)
        inner = inner * (1 + np.vectorize(math.erf)(inner / math.sqrt(2))) / 2
        x = norm(f"{layer}.output.LayerNorm", x + linear(f"{layer}.output.dense", inner))
    return x.astype(np.float32)


def unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector))
