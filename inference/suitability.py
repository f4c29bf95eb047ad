"""Whether options suit a model, as far as its files tell: the worker alone knows for all models. Imports no MLX."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated

import msgspec

from inference import footprints
from inference.installed import Installed

# Kinds whose layers keep vectors as wide as their heads, and nothing else.
PLAIN = frozenset({"cohere", "gpt_neox", "granite", "llama", "mistral", "mixtral", "olmo2", "phi", "phi3"})
PLAIN |= {"qwen2", "qwen3", "stablelm", "starcoder2"}
# So many numbers, or twice as many, share a scale.
GROUP = 32


class Typed(msgspec.Struct, frozen=True):
    model_type: str = ""


class Word(msgspec.Struct, frozen=True):
    id: int
    content: str


class Words(msgspec.Struct, frozen=True):
    vocab: dict[str, int] = {}


class Tokenizer(msgspec.Struct, frozen=True):
    """What is read here of `tokenizer.json`."""

    model: Words = Words()
    added_tokens: Annotated[tuple[Word, ...], msgspec.Meta(max_length=100_000)] = ()


TYPED = msgspec.json.Decoder(Typed)
TOKENIZER = msgspec.json.Decoder(Tokenizer)


def quantizing_problem(model: Installed) -> str | None:
    """Why its cache cannot have few bits; None: not known."""
    try:
        kind = TYPED.decode((model.folder / "config.json").read_bytes()).model_type
    except (OSError, msgspec.MsgspecError, RecursionError):
        return None
    config = footprints.read(model.folder)
    width = config.head_dim or config.hidden_size // max(config.num_attention_heads, 1)
    if kind in PLAIN and width % GROUP:
        return f"its cache cannot be quantized: its heads are {width} numbers wide, which is no multiple of {GROUP}"
    return None


def guessing_problem(model: Installed, draft: Installed) -> str | None:
    """Why the draft cannot guess for the model; None: not known."""
    if draft.kind != "chat":
        return "it makes embeddings, and writes no text"
    ours, theirs = (vocabulary(one.folder) for one in (model, draft))
    # What only one of them knows may stand in another file of the other's.
    if any(theirs.get(word, number) != number for word, number in ours.items()):
        return f"it cannot guess for {model.name}: their vocabularies are not the same"
    return None


def vocabulary(folder: Path) -> dict[str, int]:
    """Empty where it is not to be had so."""
    path = folder / "tokenizer.json"
    try:
        return read_vocabulary(path, path.stat().st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=2)
def read_vocabulary(path: Path, changed: int) -> dict[str, int]:  # noqa: ARG001 - a file that has changed is read again
    try:
        read = TOKENIZER.decode(path.read_bytes())
    except (msgspec.MsgspecError, RecursionError):
        return {}
    return read.model.vocab | {word.content: word.id for word in read.added_tokens}
