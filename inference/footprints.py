"""What a model takes of memory, told by the files in its folder: known before it is loaded, and without MLX."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

# A CPU computes in single precision, a GPU in half: so weights and what is computed from them are kept.
SINGLE_PRECISION = sys.platform != "darwin"
WIDTH = 4 if SINGLE_PRECISION else 2

# As many tokens of each prompt are read at once, of as many prompts. A CPU computes the scores of tokens that are not
# seen too, and larger pieces have more of them.
CHUNK = 128 if SINGLE_PRECISION else 512
READ_TOGETHER = 8
# Caches grow by this many tokens.
CACHE_STEP = 256

# The sizes of heads for which the GPU never holds all attention scores at a time.
FUSED_HEADS = (64, 80, 128)

HALF = ("F16", "BF16")


# A folder may say anything: less than nothing would make room for others.
type Count = Annotated[int, msgspec.Meta(ge=0)]


class Config(msgspec.Struct, frozen=True):
    """What is read here of `config.json`; models for more than text have theirs in `text_config`."""

    hidden_size: Count = 0
    num_hidden_layers: Count = 0
    intermediate_size: Count | None = None
    moe_intermediate_size: Count | None = None
    num_experts_per_tok: Count | None = None
    num_attention_heads: Count = 0
    num_key_value_heads: Count | None = None
    head_dim: Count | None = None
    vocab_size: Count = 0
    text_config: "Config | None" = None


@dataclass(frozen=True, slots=True)
class Working:
    """Bytes beside weights and caches: for a token being read, a pair of it and one it sees, and a row."""

    token: int = 0
    pair: int = 0
    row: int = 0

    def bytes(self, *, read: int, seen: int, rows: int = 0) -> int:
        """While `read` tokens are read at once that see up to `seen`, and `rows` are written."""
        return read * (self.token + seen * self.pair) + rows * self.row


def in_memory(dtype: str, stored: int) -> int:
    """Bytes of a tensor once it is loaded, from those in the file."""
    return 2 * stored if SINGLE_PRECISION and dtype in HALF else stored


def working(folder: Path, *, fuses: bool = True) -> Working:
    """`fuses` False: also a GPU holds all attention scores at a time."""
    config = read(folder)
    heads = max(config.num_attention_heads, 1)
    head = config.head_dim or config.hidden_size // heads
    experts = (config.moe_intermediate_size or 0) * (config.num_experts_per_tok or 1)
    inner = max(config.intermediate_size or 0, experts)
    is_fused = fuses and not SINGLE_PRECISION and head in FUSED_HEADS
    # Six states wide as the model and three wide as its inner layer live at a time; scores and their softmax; logits,
    # their logarithms and two copies to draw from.
    return Working(
        token=WIDTH * (6 * config.hidden_size + 3 * inner),
        pair=0 if is_fused else 2 * WIDTH * heads,
        row=4 * 4 * config.vocab_size,
    )


def least(folder: Path, weights: int) -> int:
    """Bytes without which the model answers nothing: its weights in memory, and the shortest cache."""
    config = read(folder)
    heads = max(config.num_attention_heads, 1)
    head = config.head_dim or config.hidden_size // heads
    token = 2 * config.num_hidden_layers * (config.num_key_value_heads or heads) * head * WIDTH
    return weights + CACHE_STEP * token + working(folder).bytes(read=CACHE_STEP, seen=CACHE_STEP, rows=1)


def read(folder: Path) -> Config:
    """All zeros where the file says nothing: then the weights alone count."""
    try:
        config = msgspec.json.decode((folder / "config.json").read_bytes(), type=Config)
    except (OSError, msgspec.MsgspecError, RecursionError):
        return Config()
    return config.text_config or config
