"""What is installed is looked up on disk once a moment, and what is not, each time."""

from pathlib import Path

import pytest

from inference.installed import Installed
from inference.worker import catalogue
from inference.worker.catalogue import remembering


def counting(asked: list[str], *, there: bool) -> catalogue.LookUp:
    def look_up(name: str) -> Installed | None:
        asked.append(name)
        return Installed(name, Path("/"), "models", 0) if there else None

    return remembering(look_up)


def test_what_is_there_is_not_asked_for_again_at_once() -> None:
    asked: list[str] = []
    look_up = counting(asked, there=True)
    assert look_up("a/one") == look_up("a/one")
    assert look_up("a/two") is not None
    assert asked == ["a/one", "a/two"]


def test_after_a_moment_the_disk_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "SEEN", 0.0)
    asked: list[str] = []
    look_up = counting(asked, there=True)
    look_up("a/one")
    look_up("a/one")
    assert asked == ["a/one", "a/one"]


def test_what_is_not_there_may_come_at_any_time() -> None:
    asked: list[str] = []
    look_up = counting(asked, there=False)
    assert look_up("a/one") is None
    assert look_up("a/one") is None
    assert asked == ["a/one", "a/one"]
