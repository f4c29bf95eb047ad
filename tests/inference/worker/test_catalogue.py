"""What is installed is looked up on disk once a moment, and what is not, each time."""

import logging
from pathlib import Path

import pytest

from inference.errors import GatewayError
from inference.installed import Installed
from inference.worker import catalogue
from inference.worker.catalogue import loading, remembering


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


def test_a_failed_load_is_one_line_with_its_reason_and_where_it_was_for_those_who_look_closer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="inference.worker.catalogue")
    with pytest.raises(GatewayError, match=r"cannot be loaded \(ValueError\)"), loading("a/one"):
        raise ValueError("Missing weights:\n  layers.0\n" + "  layers.1\n" * 1000)
    told, closer = caplog.records
    assert (told.levelname, told.exc_info) == ("WARNING", None)
    assert "a/one reason=ValueError: Missing weights: layers.0 layers.1" in told.getMessage()
    assert "\n" not in told.getMessage()
    assert len(told.getMessage()) < 400
    assert closer.levelname == "DEBUG"
    assert closer.exc_info is not None
