"""How much memory the process may use."""

import os
from pathlib import Path

import pytest

from inference.device import memory

WHOLE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("limit", "expected"), [("1048576\n", 2**20), ("max\n", WHOLE), (f"{2**60}\n", WHOLE), ("0x10", WHOLE)]
)
def test_a_cgroup_can_allow_less_than_there_is(tmp_path: Path, limit: str, expected: int) -> None:
    (tmp_path / "memory.max").write_text(limit)
    assert memory(tmp_path / "memory.max") == expected


def test_without_a_cgroup_it_is_all_there_is(tmp_path: Path) -> None:
    assert memory(tmp_path / "none") == WHOLE
