"""What commands say of a database that has no tables yet."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", [["route", "demo"], ["createclientkey", "laptop"], ["applyconfig", "none.toml"]])
def test_a_command_before_the_first_start_says_what_to_do(tmp_path: Path, command: list[str]) -> None:
    names = ("PATH", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in names if name in os.environ}
    ran = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment | {"MLXMANAGER_HOME": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.strip().endswith("run `serve` first, or `migrate`.")
    assert "Traceback" not in ran.stderr
