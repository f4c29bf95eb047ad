"""What an installed model's files tell of it at a glance: for lists, so nothing is loaded."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from inference.installed import read_object


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """`installed` is in Unix seconds; `window`, in tokens, is None where the model's configuration does not say.

    `needs` are the bytes of memory without which it answers nothing.
    """

    installed: int
    window: int | None
    needs: int = 0


def read_facts(folder: Path) -> ModelFacts:
    """Raises OSError where the folder is gone."""
    config = folder / "config.json"
    return ModelFacts(max(0, int(folder.stat().st_mtime)), read_window(config, config.stat().st_mtime_ns))


@lru_cache(maxsize=1024)
def read_window(config: Path, changed: int) -> int | None:  # noqa: ARG001 - a file that has changed is read again
    settings = read_object(config) or {}
    text = settings.get("text_config")
    for source in (settings, text if isinstance(text, dict) else {}):
        window = source.get("max_position_embeddings")
        if isinstance(window, int) and window > 0:
            return window
    return None
