"""What is looked at in a model's folder before any of it is loaded: that its files are its own, and what they claim.

A folder comes from a stranger. What loads models believes a file's header and a number in a configuration.
"""

import math
import os
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import msgspec

from inference import footprints

LARGEST_HEADER = 100 * 1024**2  # as the format's own library has it
LARGEST_CONFIG = 16 * 1024**2
LARGEST_TEXT = 256 * 1024**2
LENGTH_BYTES = 8

# How many bits an element of each type has.
BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "C64": 64, "F64": 64, "I64": 64, "U64": 64}
BITS |= dict.fromkeys(("F32", "I32", "U32"), 32) | dict.fromkeys(("F16", "BF16", "I16", "U16"), 16)
BITS |= dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 8)

type Count = Annotated[int, msgspec.Meta(ge=0)]


class Tensor(msgspec.Struct, frozen=True):
    """A line in the header of a safetensors file. Its `__metadata__` has none of these, and is null at some writers."""

    dtype: str = ""
    shape: tuple[Count, ...] = ()
    data_offsets: tuple[Count, Count] = (0, 0)

    @property
    def stored(self) -> int:
        """Bytes in the file."""
        begin, end = self.data_offsets
        return end - begin


@dataclass(frozen=True, slots=True)
class Tensors:
    """How many there are, and their bytes as they are stored and once they are in memory."""

    count: int = 0
    stored: int = 0
    loaded: int = 0

    def __add__(self, other: "Tensors") -> "Tensors":
        return Tensors(self.count + other.count, self.stored + other.stored, self.loaded + other.loaded)


HEADER = msgspec.json.Decoder(dict[str, Tensor | None])
METADATA = "__metadata__"


class FilesError(Exception):
    """What is wrong with a folder, in words about `it`."""


def check(folder: Path, *, root: Path) -> None:
    """Raises FilesError. `root` is what links of the folder may lead to."""
    root = root.resolve()
    for path in sorted(folder.iterdir()):
        name = shown(path)
        # Not `resolve`: of links in a circle it raises what is no OSError, or says nothing, by the version of Python.
        if not Path(os.path.realpath(path)).is_relative_to(root):
            raise FilesError(f"its {name} leads out of its folder")
        if path.is_symlink() and not path.exists():
            raise FilesError(f"its {name} leads nowhere")
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise FilesError(f"its {name} is no file")
        if stat.S_ISREG(mode) and path.stat().st_size > largest(path.name):
            raise FilesError(f"its {name} is too large")


def shown(path: Path) -> str:
    """Its name as a text that can be sent and printed: on Linux it may be any bytes."""
    return ascii(path.name)[1:-1] if not path.name.isprintable() else path.name


def largest(name: str) -> float:
    if name.endswith(".safetensors"):
        return math.inf
    return LARGEST_CONFIG if name.endswith("config.json") else LARGEST_TEXT


def tensors(path: Path) -> Tensors:
    """Raises FilesError where the file's header is not true."""
    status = path.stat()
    return read_tensors(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1024)
def read_tensors(path: Path, size: int, changed: int) -> Tensors:  # noqa: ARG001 - a file that has changed is read again
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
        if length > min(LARGEST_HEADER, size - LENGTH_BYTES):
            raise FilesError(f"its {shown(path)} is cut short, or no safetensors file")
        try:
            header = HEADER.decode(file.read(length))
        except (msgspec.MsgspecError, RecursionError):
            raise FilesError(f"its {shown(path)} has a header that cannot be read") from None
    header.pop(METADATA, None)
    found = Tensors()
    for name, tensor in header.items():
        where = f"{name[:100]} in its {shown(path)}"
        if tensor is None:
            raise FilesError(f"{where} is none")
        check_tensor(tensor, size - LENGTH_BYTES - length, where=where)
        found += Tensors(1, tensor.stored, footprints.in_memory(tensor.dtype, tensor.stored))
    return found


def check_tensor(tensor: Tensor, room: int, *, where: str) -> None:
    begin, end = tensor.data_offsets
    if not begin <= end <= room:
        raise FilesError(f"{where} lies outside of the file")
    if tensor.dtype not in BITS:
        raise FilesError(f"{where} is of an unknown type")
    if math.prod(tensor.shape) * BITS[tensor.dtype] != 8 * tensor.stored:
        raise FilesError(f"{where} has another size than its shape")


def check_layers(config: dict[str, object], count: int) -> None:
    """Every layer has tensors; what builds a model makes as many as the configuration says, one by one."""
    text = config.get("text_config")
    for part in (config, text if isinstance(text, dict) else {}):
        for key, value in part.items():
            if "layer" in key and isinstance(value, int) and value > max(count, 1):
                raise FilesError(f"its config.json has a {key} of {value}, and its weights have {count} tensors")
