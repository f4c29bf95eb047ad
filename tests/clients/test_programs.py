"""A client that hangs is ended in time, with all that it started."""

import time
from pathlib import Path

from tests.clients.programs import run

HANGS = "echo begun; sleep 60 & echo $! > child; sleep 60"


def test_a_client_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    began = time.monotonic()
    ran = run("sh", "-c", HANGS, home=tmp_path, folder=tmp_path, environment={}, seconds=0.5)
    assert time.monotonic() - began < 5
    assert ran.code < 0
    assert ran.output == "begun\n"
    assert ended((tmp_path / "child").read_text(encoding="utf-8").strip())


def ended(pid: str) -> bool:
    """Gone, or dead and not yet waited for by whoever adopted it."""
    listed = run("ps", "-o", "stat=", "-p", pid, home=Path("/tmp"), folder=Path("/tmp"), environment={})
    return listed.output.strip() in {"", "Z"}
