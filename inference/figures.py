"""The figures of all web processes, put together: each writes its own to a file in HOME, which all read.

A process that answers writes first, so that no counter ever looks smaller in another's answer. One that has ended
leaves its file: the next to come goes on in it, from what was counted there.
"""

import contextlib
import itertools
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from inference import locks
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
        self._file: Path | None = None
        self._before: Mapping[Key, float] = {}

    def show(self, figures: Figures) -> None:
        """Whole or not at all. A full disk leaves the others with what was shown before."""
        with contextlib.suppress(OSError):
            file = self._file or self._claim()
            beside = file.with_suffix(".new")
            counts = added(figures.counts, self._before)
            beside.write_bytes(encode(Figures(figures.pid, counts, figures.gauges)))
            beside.replace(file)

    def add_up(self, own: Figures) -> dict[Key, float]:
        """This process's figures and those of all others."""
        others = list(shown(self._folder, but=self._file))
        gauges = [figures.gauges for figures in (own, *others) if runs(figures.pid)]
        return added(self._before, own.counts, *(figures.counts for figures in others), *gauges)

    def _claim(self) -> Path:
        """The first file that no living process has: what it holds is of one that has ended."""
        for number in itertools.count(1):
            with contextlib.suppress(locks.Held):
                locks.hold(self._folder / f"{number}.lock")
                break
        self._file = self._folder / f"{number}.figures"
        last = read(self._file)
        self._before = last.counts if last else {}
        return self._file


def shown(folder: Path, *, but: Path | None = None) -> Iterator[Figures]:
    """What each process has shown last, save in one file; those that have ended, too."""
    for file in folder.glob("*.figures"):
        if file != but and (figures := read(file)) is not None:
            yield figures


def read(file: Path) -> Figures | None:
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return DECODER.decode(file.read_bytes())
    return None


def added(*several: Mapping[Key, float]) -> dict[Key, float]:
    total: defaultdict[Key, float] = defaultdict(float)
    for values in several:
        for key, value in values.items():
            total[key] += value
    return dict(total)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
