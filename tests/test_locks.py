"""The locks name no registry, and the document on clients names the versions that they hold."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = [*ROOT.glob("*.lock"), *ROOT.glob("tests/clients/*.lock"), *ROOT.glob("benchmarks/*/*.lock")]


def test_there_are_locks() -> None:
    assert {"requirements.lock", "requirements-dev.lock", "llm.lock", "aider.lock"} <= {lock.name for lock in LOCKS}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_address(lock: Path) -> None:
    assert "://" not in lock.read_text(encoding="utf-8")


def test_the_lock_of_the_node_clients_says_from_where_of_no_package() -> None:
    lock = json.loads((ROOT / "tests/clients/package-lock.json").read_text(encoding="utf-8"))
    packages = [package for path, package in lock["packages"].items() if path]
    assert all("integrity" in package for package in packages)
    assert not any("resolved" in package for package in packages)


def client_versions() -> list[tuple[str, str]]:
    node = json.loads((ROOT / "tests/clients/package.json").read_text(encoding="utf-8"))["dependencies"]
    named = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/clients/*.in"))
    pinned = re.findall(r"^([a-z-]+)==([0-9.]+)", named, re.MULTILINE)
    return [*((name, version) for name, version in node.items() if not name.startswith("@ai-sdk/")), *pinned]


@pytest.mark.parametrize(("name", "version"), client_versions())
def test_the_document_on_clients_names_the_version_that_is_tested(name: str, version: str) -> None:
    assert version in (ROOT / "docs/clients.md").read_text(encoding="utf-8"), name
