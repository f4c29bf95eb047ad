"""The figures of all web processes, put together: each writes its own to a file in HOME, which all read.

A process that answers writes first, so that no counter ever looks smaller in another's answer. One that has ended
leaves its file, and with it what it had counted.
"""

import contextlib
import os
import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from inference.metrics import Key


class Figures(msgspec.Struct, frozen=True):
    """`counts` add up over all processes that ever were, `gauges` over those that run."""

    pid: int
    counts: Mapping[Key, float]
    gauges: Mapping[Key, float]


encode = msgspec.msgpack.Encoder().encode
DECODER = msgspec.msgpack.Decoder(Figures)


def place(home: Path) -> Path:
    return home / "run" / "figures"


def forget(folder: Path) -> None:
    """Begin anew, before the first process does."""
    for file in folder.glob("*"):
        file.unlink()


class Board:
    """Where this process shows its figures. Blocks on the disk."""

    def __init__(self, folder: Path) -> None:
        self.pid = os.getpid()
        self._folder = folder
        # A process may have the number of one that has ended.
        self._name = f"{self.pid}-{secrets.token_hex(4)}"

    def show(self, figures: Figures) -> None:
        """Whole or not at all. A full disk leaves the others with what was shown before."""
        beside = self._folder / f"{self._name}.new"
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(encode(figures))
            beside.replace(self._folder / f"{self._name}.figures")

    def add_up(self, own: Figures) -> dict[Key, float]:
        """This process's figures and those of all others."""
        total: defaultdict[Key, float] = defaultdict(float)
        for figures in (own, *self._others()):
            gauges = figures.gauges if runs(figures.pid) else {}
            for key, value in (*figures.counts.items(), *gauges.items()):
                total[key] += value
        return dict(total)

    def _others(self) -> Iterator[Figures]:
        for file in self._folder.glob("*.figures"):
            if file.stem != self._name:
                with contextlib.suppress(OSError, msgspec.MsgspecError):
                    yield DECODER.decode(file.read_bytes())


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
