"""How often `serve` had to start the worker again, and why the last time: a small file in HOME, for `ready` to show."""

import contextlib
from pathlib import Path

import msgspec


class Restarts(msgspec.Struct, frozen=True):
    """`reason` is how the last one ended, in words about `it`."""

    count: int = 0
    reason: str | None = None


def place(home: Path) -> Path:
    return home / "run" / "restarts.json"


def write(path: Path, restarts: Restarts) -> None:
    """Whole or not at all: it is read at any time. A full disk keeps nobody from starting the worker."""
    beside = path.with_suffix(".new")
    with contextlib.suppress(OSError):
        beside.write_bytes(msgspec.json.encode(restarts))
        beside.replace(path)


def read(path: Path) -> Restarts:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Restarts)
    except (OSError, msgspec.MsgspecError):
        return Restarts()
