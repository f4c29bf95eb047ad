"""Adapters: small weights that change a model's, in a folder of their own that names the model. Imports no MLX."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from inference.model_files import FilesError

CONFIG = "adapter_config.json"
WEIGHTS = "adapters.safetensors"
LARGEST_RANK = 1024


class Parameters(msgspec.Struct, frozen=True):
    rank: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_RANK)]
    scale: float


class Config(msgspec.Struct, frozen=True):
    """What mlx-lm writes of a training that is read here. `model` is the name of the model that was trained."""

    model: str
    fine_tune_type: str = "lora"
    lora_parameters: Parameters | None = None


@dataclass(frozen=True, slots=True)
class Adapter:
    """`base` is the name of the model that it changes."""

    folder: Path
    base: str


def is_adapter(folder: Path) -> bool:
    return (folder / CONFIG).is_file() and (folder / WEIGHTS).is_file()


def read(folder: Path) -> tuple[Config, Parameters]:
    """Raises FilesError for one that cannot be put on a model."""
    try:
        config = msgspec.json.decode((folder / CONFIG).read_bytes(), type=Config)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise FilesError(f"its {CONFIG} cannot be read ({str(error)[:100]})") from None
    if config.fine_tune_type != "lora":
        raise FilesError(f"its {CONFIG} has the fine_tune_type {config.fine_tune_type[:20]}, and only lora is loaded")
    if config.lora_parameters is None:
        raise FilesError(f"its {CONFIG} has no lora_parameters")
    return config, config.lora_parameters
