"""How often `serve` had to start each of its children again, and why the last time: small files in HOME."""

import contextlib
from pathlib import Path

import msgspec

WORKER = "worker"


class Restarts(msgspec.Struct, frozen=True):
    """`reason` is how the last one ended, in words about `it`."""

    count: int = 0
    reason: str | None = None


def place(home: Path) -> Path:
    """The folder of the files."""
    return home / "run" / "restarts"


def forget(folder: Path) -> None:
    """Nothing was started again yet."""
    for file in folder.glob("*"):
        file.unlink()


def write(folder: Path, child: str, restarts: Restarts) -> None:
    """Whole or not at all: it is read at any time. A full disk keeps nobody from starting a child."""
    beside = folder / f"{child}.new"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(msgspec.json.encode(restarts))
        beside.replace(folder / f"{child}.json")


def read(folder: Path) -> dict[str, Restarts]:
    """By the child's name; those that never were are left out."""
    found: dict[str, Restarts] = {}
    for file in folder.glob("*.json"):
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            found[file.stem] = msgspec.json.decode(file.read_bytes(), type=Restarts)
    return found
