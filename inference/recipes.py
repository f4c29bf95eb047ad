"""How the model in a folder makes a vector of a text, as the files around its weights say. Imports no MLX.

The files are those of sentence-transformers; an encoder without them has its states averaged and normalised.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from inference.errors import GatewayError, Kind
from inference.ir import JSON

ENCODERS = ("bert", "roberta", "xlm-roberta")
MODULES = "modules.json"
POOLING = "1_Pooling/config.json"

FALLBACK_WINDOW = 512  # BERT's own
FLAG = "pooling_mode_"

type Pooling = Literal["cls", "mean", "last"]

POOLINGS: dict[str, Pooling] = {
    "cls_token": "cls",
    "cls": "cls",
    "mean_tokens": "mean",
    "mean": "mean",
    "lasttoken": "last",
}


class RecipeError(Exception):
    """Why the folder's model makes no vectors here, in words about `it`."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """`prompt` stands before every text. `window` is in tokens; `first_position` is where an encoder has the first.

    `size` is the length of the vectors. `cuts` are the lengths they may be cut to: None for none, empty for any.
    """

    is_encoder: bool
    first_position: int
    pooling: Pooling
    normalise: bool
    prompt: str
    lowers_case: bool
    window: int
    size: int
    cuts: frozenset[int] | None

    def length(self, wanted: int | None) -> int:
        """Raises GatewayError where vectors of this length are not to be had."""
        if wanted is None or wanted == self.size:
            return self.size
        if self.cuts is None:
            message = f"The vectors of this model have {self.size} dimensions and cannot be cut."
            raise GatewayError(Kind.UNSUPPORTED_PARAMETER, message, param="dimensions")
        if not 1 <= wanted <= self.size or (self.cuts and wanted not in self.cuts):
            offered = ", ".join(map(str, sorted(self.cuts))) or f"1 to {self.size}"
            message = f"This is out of range: the model offers {offered}."
            raise GatewayError(Kind.INVALID_VALUE, message, param="dimensions")
        return wanted


class Config(msgspec.Struct, frozen=True):
    """What is read here of `config.json`; the cuts stand there or in sentence-transformers' own file."""

    model_type: str = ""
    architectures: tuple[str, ...] | None = None
    hidden_size: int = 0
    max_position_embeddings: int | None = None
    pad_token_id: int | None = None
    is_matryoshka: bool = False
    matryoshka_dims: frozenset[int] | None = None
    matryoshka_dimensions: frozenset[int] | None = None


class OwnConfig(msgspec.Struct, frozen=True):
    """`config_sentence_transformers.json`."""

    prompts: dict[str, str] | None = None
    default_prompt_name: str | None = None
    matryoshka_dims: frozenset[int] | None = None


class Limits(msgspec.Struct, frozen=True):
    """`sentence_bert_config.json`."""

    max_seq_length: int | None = None
    do_lower_case: bool = False


class TokenizerConfig(msgspec.Struct, frozen=True):
    model_max_length: float | None = None


class Module(msgspec.Struct, frozen=True):
    """An entry of `modules.json`: the `type` is the name of a Python class."""

    type: str


def makes_vectors(folder: Path) -> bool:
    """Whether the folder's model is one for embeddings."""
    try:
        config = read_file(folder / "config.json", Config)
    except RecipeError:
        return False
    encodes = config is not None and config.model_type in ENCODERS
    return encodes or (folder / MODULES).is_file() or (folder / POOLING).is_file()


def read(folder: Path) -> Recipe:
    """Raises RecipeError."""
    config = read_file(folder / "config.json", Config) or Config()
    own = read_file(folder / "config_sentence_transformers.json", OwnConfig) or OwnConfig()
    limits = read_file(folder / "sentence_bert_config.json", Limits) or Limits()
    modules = [module.type.rpartition(".")[2] for module in read_file(folder / MODULES, list[Module]) or []]
    pooling = read_file(folder / POOLING, dict[str, JSON])
    prompt = (own.prompts or {}).get(own.default_prompt_name or "", "")
    check_model(config, modules)
    return Recipe(
        is_encoder=config.model_type in ENCODERS,
        first_position=first_position(config),
        pooling=choose_pooling(pooling, config, prompt),
        normalise=not modules or "Normalize" in modules,
        prompt=prompt,
        lowers_case=limits.do_lower_case,
        window=window(folder, config, limits),
        size=config.hidden_size,
        cuts=cuts(config, own),
    )


def problem(folder: Path) -> str | None:
    try:
        read(folder)
    except RecipeError as error:
        return str(error)
    return None


def check_model(config: Config, modules: list[str]) -> None:
    for module in modules:
        if module not in ("Transformer", "Pooling", "Normalize"):
            raise RecipeError(f"its {MODULES} asks for {module}, which is not supported")
    for architecture in config.architectures or ():
        # A classifier's states are nothing to compare texts by.
        if not modules and architecture.endswith("Classification"):
            raise RecipeError(f"it is a classifier ({architecture}), and makes no embeddings")
    if config.hidden_size < 1:
        raise RecipeError("its config.json has no hidden_size")


def choose_pooling(file: dict[str, JSON] | None, config: Config, prompt: str) -> Pooling:
    modes = {"mean"} if file is None else asked_modes(file)
    mode = POOLINGS.get(modes.pop()) if len(modes) == 1 else None
    if mode is None or (prompt and file is not None and file.get("include_prompt") is False):
        raise RecipeError(f"its {POOLING} asks for what is not supported")
    if mode != "last" and config.model_type not in ENCODERS:
        known = ", ".join(ENCODERS)
        raise RecipeError(f"it is of type {config.model_type or 'unknown'}, and of encoders only {known} are supported")
    return mode


def asked_modes(file: dict[str, JSON]) -> set[str]:
    """Older files have a flag for each way to pool, newer ones its name."""
    named = file.get("pooling_mode")
    if isinstance(named, str):
        return {named}
    return {key.removeprefix(FLAG) for key, value in file.items() if key.startswith(FLAG) and value is True}


def window(folder: Path, config: Config, limits: Limits) -> int:
    """What the model was made for, as far as it has positions for that."""
    tokenizer = read_file(folder / "tokenizer_config.json", TokenizerConfig) or TokenizerConfig()
    positions = config.max_position_embeddings or FALLBACK_WINDOW
    return int(
        min(limits.max_seq_length or tokenizer.model_max_length or positions, positions - first_position(config))
    )


def first_position(config: Config) -> int:
    """RoBERTa's positions begin after that of its padding."""
    if config.model_type not in ("roberta", "xlm-roberta"):
        return 0
    return (1 if config.pad_token_id is None else config.pad_token_id) + 1


def cuts(config: Config, own: OwnConfig) -> frozenset[int] | None:
    named = own.matryoshka_dims or config.matryoshka_dims or config.matryoshka_dimensions
    return named or (frozenset() if config.is_matryoshka else None)


def read_file[T](path: Path, shape: type[T]) -> T | None:
    """None where there is no such file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=shape)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, RecursionError):
        raise RecipeError(f"its {path.name} cannot be read") from None
