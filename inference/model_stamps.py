"""Whether a model's files are still those that were loaded: others may take their place at any time."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# What is read of a folder.
SUFFIXES = frozenset({".json", ".jinja", ".model", ".safetensors", ".txt"})
# Nanoseconds without a change, before which a folder may still be written to.
SETTLING = 2 * 10**9

type File = tuple[Path, int, int, int]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Of files, equal while they are the same. `changed`, in Unix nanoseconds, is when one was last written."""

    files: frozenset[File]
    changed: int = field(compare=False)

    @property
    def is_settled(self) -> bool:
        return bool(self.files) and not 0 <= time.time_ns() - self.changed < SETTLING


def stamp(*folders: Path) -> Stamp:
    """Of no files where there are none any more."""
    files = frozenset(file for folder in folders for file in look_into(folder))
    return Stamp(files, max((changed for *_, changed in files), default=0))


def look_into(folder: Path) -> Iterator[File]:
    # One may be removed while we look.
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.suffix in SUFFIXES:
                found = path.stat()
                # Not the time of modification: a copy may have that of its original.
                yield path, found.st_ino, found.st_size, found.st_ctime_ns
