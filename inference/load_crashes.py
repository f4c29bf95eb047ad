"""Models whose loading has ended the worker, which would end at each start where such a one is loaded ahead.

A file in HOME names the model of which a piece is being loaded, and is empty otherwise. A worker that dies at it leaves
the name to the next.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from inference.errors import GatewayError, Kind

HOLD_SECONDS = 3600.0
CRASHES = 2
LONGEST_NAME = 1024


class Crashes(msgspec.Struct, frozen=True):
    """Those of one model. `last` is by the system's clock, which goes on when no worker runs."""

    count: int
    last: float


COUNTS = msgspec.json.Decoder(dict[str, Crashes])


def place(home: Path) -> Path:
    """The folder of the files."""
    return home / "run" / "loads"


def forget(folder: Path) -> None:
    """Every model is to be tried again."""
    for file in folder.glob("*"):
        file.unlink()


class LoadCrashes:
    """`folder` None: nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._counts: dict[str, Crashes] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._counts = read(folder / "crashes.json")
            # Open for the worker's life: pieces are many, and answers wait meanwhile.
            self._note = os.open(folder / "loading", os.O_RDWR | os.O_CREAT, 0o600)
            self._take_note()

    @contextlib.contextmanager
    def noted(self, name: str) -> Iterator[None]:
        """While a piece of the model is loaded: what ends the worker between two pieces is another's doing."""
        if self._folder is None:
            yield
            return
        with contextlib.suppress(OSError):  # a full disk keeps nobody from loading
            os.pwrite(self._note, name.encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(self._note, 0)

    def check(self, name: str) -> None:
        """Raises GatewayError for a model that is known to crash the worker."""
        crashes = self._counts.get(name)
        if crashes is None or crashes.count < CRASHES or time.time() - crashes.last > HOLD_SECONDS:
            return
        message = (
            f"model: {name} is not loaded: it has crashed the local worker twice; it is tried again after an hour."
        )
        raise GatewayError(Kind.MODEL_NOT_INSTALLED, message, param="model")

    def clear(self, name: str) -> None:
        """The worker has lived through this one."""
        if self._counts.pop(name, None) is not None:
            self._write()

    def _take_note(self) -> None:
        name = os.pread(self._note, LONGEST_NAME, 0).decode(errors="replace")
        os.ftruncate(self._note, 0)
        if name:
            before = self._counts.get(name)
            recent = before.count if before is not None and time.time() - before.last <= HOLD_SECONDS else 0
            self._counts[name] = Crashes(recent + 1, time.time())
            self._write()

    def _write(self) -> None:
        """Whole or not at all."""
        assert self._folder is not None
        beside = self._folder / "crashes.new"
        with contextlib.suppress(OSError):
            beside.write_bytes(msgspec.json.encode(self._counts))
            beside.replace(self._folder / "crashes.json")


def read(path: Path) -> dict[str, Crashes]:
    try:
        return COUNTS.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return {}
