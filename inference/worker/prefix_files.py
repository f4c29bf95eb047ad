"""Kept prefixes on disk, as safetensors files, each there only once it is whole. Imports no MLX.

A text can be won back from what a model keeps of it: the files are their owner's alone.
"""

import contextlib
import hashlib
import logging
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from inference import prefix_folder
from inference.model_files import LARGEST_HEADER
from inference.worker.prefix_index import Found, Prefix, PrefixIndex

log = logging.getLogger(__name__)

FORMAT = "mlxmanager-prefix-1"
SUFFIX = ".safetensors"
PARTIAL = ".partial"
# At most this much of what is free on the disk.
FREE_SHARE = 0.05


class Label(msgspec.Struct, frozen=True):
    """What a file says of itself. `tokens` is in hexadecimal, `trims` is `yes` or `no`."""

    format: str
    identity: str
    space: str
    tokens: str
    trims: str


@dataclass(frozen=True, slots=True)
class Tensor:
    """`type` is as safetensors files name it, `size` in bytes."""

    name: str
    type: str
    shape: tuple[int, ...]
    size: int


class Entry(msgspec.Struct, frozen=True):
    """A line of a file's header."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


class PrefixFiles:
    """Called on the MLX thread, but for `make_room` and Draft. What the disk refuses once is not tried again."""

    def __init__(self, folder: Path, limit: int) -> None:
        """`limit` is in bytes; it is less where the disk is nearly full."""
        self._folder = folder
        self._limit = limit
        self._index: PrefixIndex[Path] = PrefixIndex()
        self.works = True
        self.size = 0
        try:
            private(folder)
            self.size = sum(size for _, size, _ in listed(folder))
            self._limit = min(limit, int(FREE_SHARE * (shutil.disk_usage(folder).free + self.size)))
        except OSError as error:
            self.fail(error)

    def open(self, model: str, identity: str) -> None:
        """Know the files of a model that is loaded; what is not of these weights goes."""
        folder = prefix_folder.of_model(self._folder, model)
        try:
            private(folder)
            for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns):
                self._learn(path, identity)
        except OSError as error:
            self.fail(error)

    def close(self, model: str) -> None:
        folder = prefix_folder.of_model(self._folder, model)
        for prefix in self._index:
            if prefix.value.parent == folder:
                self._index.remove(prefix)

    def find(self, space: str, tokens: bytes) -> Found[Path] | None:
        while self.works and (found := self._index.find(space, tokens)):
            if found.prefix.value.exists():
                return found
            self._index.remove(found.prefix)
        return None

    def use(self, prefix: Prefix[Path]) -> None:
        """The file's time of modification says when it was of use."""
        with contextlib.suppress(OSError):
            os.utime(prefix.value)

    def discard(self, prefix: Prefix[Path]) -> None:
        self._index.remove(prefix)
        self._delete(prefix)

    def put(self, prefix: Prefix[Path]) -> None:
        """Know a file that is new."""
        self._note(prefix)
        self.size += prefix.size

    def place(self, model: str, space: str, tokens: bytes) -> Path:
        name = hashlib.sha256(space.encode() + tokens).hexdigest()[:40]
        return prefix_folder.of_model(self._folder, model) / f"{name}{SUFFIX}"

    def make_room(self, needed: int) -> bool:
        """Delete what was of use least recently. False: so much is never kept."""
        files = sorted(listed(self._folder))
        total = sum(size for _, size, _ in files)
        for _, size, path in files if needed <= self._limit else []:
            if total + needed <= self._limit:
                break
            delete(path)
            total -= size
        self.size = total
        return total + needed <= self._limit

    def fail(self, error: OSError) -> None:
        if self.works:
            log.warning("prefixes are not kept on disk folder=%s error=%s", self._folder, error.strerror)
        self.works = False

    def _note(self, prefix: Prefix[Path]) -> None:
        for gone in self._index.put(prefix):
            if gone.value != prefix.value:
                self._delete(gone)

    def _delete(self, prefix: Prefix[Path]) -> None:
        delete(prefix.value)
        self.size -= prefix.size

    def _learn(self, path: Path, identity: str) -> None:
        label = read_label(path) if path.suffix == SUFFIX else None
        if label is None or label.identity != identity:
            delete(path)
            return
        tokens = bytes.fromhex(label.tokens)
        self._note(Prefix(label.space, tokens, path, path.stat().st_size, label.trims == "yes"))


class Draft:
    """A file that is being written. Each method raises OSError."""

    def __init__(self, path: Path, header: bytes) -> None:
        self._path = path
        self._partial = path.with_suffix(PARTIAL)
        delete(self._partial)
        self.write(header)

    def write(self, piece: bytes) -> None:
        with open(self._partial, "ab", opener=owner_only) as file:
            file.write(piece)

    def finish(self) -> None:
        with self._partial.open("rb") as file:
            os.fsync(file.fileno())
        self._partial.replace(self._path)

    def abandon(self) -> None:
        delete(self._partial)


def owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def header(tensors: Iterable[Tensor], metadata: dict[str, str]) -> bytes:
    lines: dict[str, Entry | dict[str, str]] = {"__metadata__": metadata}
    start = 0
    for tensor in tensors:
        lines[tensor.name] = Entry(tensor.type, tensor.shape, (start, start + tensor.size))
        start += tensor.size
    text = msgspec.json.encode(lines)
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def label_metadata(label: Label) -> dict[str, str]:
    # Where mlx_lm has the metadata of the one who saves.
    return {f"0.{name}": value for name, value in msgspec.to_builtins(label).items()}


def read_label(path: Path) -> Label | None:
    """None for what is broken, or not of ours."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            lines = msgspec.json.decode(file.read(min(length, LARGEST_HEADER)), type=dict[str, msgspec.Raw])
        metadata = msgspec.json.decode(lines.pop("__metadata__"), type=dict[str, str])
        ends = [msgspec.json.decode(line, type=Entry).data_offsets[1] for line in lines.values()]
        label = msgspec.convert({name: metadata[f"0.{name}"] for name in Label.__struct_fields__}, Label)
        bytes.fromhex(label.tokens)
    except (OSError, KeyError, ValueError):
        return None
    whole = path.stat().st_size == 8 + length + max(ends, default=0)
    return label if whole and label.format == FORMAT else None


def private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def listed(folder: Path) -> list[tuple[int, int, Path]]:
    """When each file was of use, its size, and its path."""
    found = []
    for path in folder.glob(f"*/*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):
            about = path.stat()
            found.append((about.st_mtime_ns, about.st_size, path))
    return found


def delete(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
