"""Runs a client as its user would, in a HOME of its own, where it can reach this machine alone, and only so long."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The Node among the packages comes first: the newest SDKs want a newer one than many machines have.
NODE_PROGRAMS = [*HERE.glob("node_modules/node-*/bin"), HERE / "node_modules" / ".bin"]
PYTHON_PROGRAMS = HERE.parent.parent / ".cache" / "clients"
SECONDS = 100.0
# Nobody listens there: what a client asks of any other machine fails at once.
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    output: str
    errors: str


def run(
    *command: str, home: Path, folder: Path, environment: Mapping[str, str], typed: str = "", seconds: float = SECONDS
) -> Ran:
    """Its output goes to files and its whole process group is ended: a child it leaves behind cannot hold us."""
    paths = [home / name for name in ("typed", "output", "errors")]
    paths[0].write_text(typed, encoding="utf-8")
    with paths[0].open("rb") as stdin, paths[1].open("wb") as stdout, paths[2].open("wb") as stderr:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**surroundings(home), **environment},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        finally:
            end_group(process)
    return Ran(code, *(path.read_text(encoding="utf-8", errors="replace") for path in paths[1:]))


def surroundings(home: Path) -> dict[str, str]:
    path = os.pathsep.join([*map(str, NODE_PROGRAMS), os.environ["PATH"]])
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)
    return {
        "PATH": path,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    } | proxies


def end_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
