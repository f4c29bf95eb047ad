"""Where kept prefixes lie on disk, a folder for each model, and how they go with their model. Imports no MLX."""

import hashlib
import shutil
from pathlib import Path

from inference import adapters
from inference.installed import Installed, weights


def locate(home: Path) -> Path:
    return home / "prefixes"


def of_model(folder: Path, name: str) -> Path:
    return folder / name.replace("/", "--")


def remove(folder: Path, name: str) -> None:
    shutil.rmtree(of_model(folder, name), ignore_errors=True)


def identity(model: Installed, *more: str) -> str:
    """Changes with the model's files: what was read by other weights is of no use to these."""
    parts = [model.name, *more]
    paths = [model.folder / "config.json", *weights(model.folder)]
    if model.adapter is not None:
        paths += [model.adapter.folder / name for name in (adapters.CONFIG, adapters.WEIGHTS)]
    for path in paths:
        found = path.stat()
        parts.append(f"{path.name} {found.st_size} {found.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
