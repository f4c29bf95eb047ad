"""HOME: the one folder that holds the database, the models, the worker's socket and the generated secrets."""

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
    if given or not (home / file).exists():
        return given
    return env.content(home / file, f"{setting} is in")
