"""Where the worker's socket is, for the worker that binds it and the gateway that connects to it."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

# macOS allows a socket's path 103 bytes.
LONGEST_PATH = 100


def socket_path(home: Path) -> Path:
    """The socket below HOME or, where that path is too long for one, a link to it."""
    return home / "run" / "worker.sock"


def reach(path: Path) -> str:
    """The path to connect to."""
    try:
        return str(path.readlink())
    except OSError:
        return str(path)


def prepare(path: Path) -> str:
    """The path to bind, with nothing there and its folder private. For the holder of the worker's lock only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    remove(path)
    if len(os.fsencode(path)) <= LONGEST_PATH:
        return str(path)
    short = Path(tempfile.mkdtemp(prefix="mlxm-")) / path.name
    path.symlink_to(short)
    return str(short)


def remove(path: Path) -> None:
    """Take away the socket and, where it is elsewhere, its private folder."""
    place = Path(reach(path))
    if place != path and place.name == path.name and place.parent.name.startswith("mlxm-"):
        shutil.rmtree(place.parent, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
