"""Without the folder of recordings there is nothing to conform to, and these tests are not collected."""

import os
from pathlib import Path

import pytest

DATA = os.environ.get("MLXMANAGER_TEST_DATA")

if not DATA:
    collect_ignore_glob = ["test_*.py"]
elif not (Path(DATA) / "recordings").is_dir() or not (Path(DATA) / "agent-requests").is_dir():
    raise pytest.UsageError(f"MLXMANAGER_TEST_DATA names {DATA}, which holds no recordings/ and agent-requests/.")
