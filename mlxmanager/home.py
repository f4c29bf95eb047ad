"""HOME: the one folder that holds the database, the models, the worker's socket and the generated secrets."""

import os
from pathlib import Path

import platformdirs
from django.core.exceptions import ImproperlyConfigured

from mlxmanager import env


def locate() -> Path:
    """Where HOME is; made with mode 0700 when it does not exist."""
    folder = Path(env.text("MLXMANAGER_HOME") or platformdirs.user_data_path("mlxmanager")).expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"MLXMANAGER_HOME is {folder}, which cannot be made: {error.strerror}.") from None
    return folder


def secret(home: Path, setting: str, file: str) -> str:
    """The secret from its setting or, where that is unset, from its file in HOME; empty when there is neither."""
    given = env.text(setting)
    if given:
        return given
    try:
        return (home / file).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def write_secret(path: Path, value: str) -> None:
    """Write a new file that only its owner can read. Raises FileExistsError rather than overwrite."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(value + "\n")
        file.flush()
        os.fsync(file.fileno())
