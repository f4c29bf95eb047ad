"""What a worker leaves behind that has died while it loaded a model."""

import json
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from inference.errors import GatewayError, Kind
from inference.load_crashes import CRASHES, HOLD_SECONDS, LoadCrashes, forget

# Contexts that are never left, as those of a process that is killed.
UNENDED: list[AbstractContextManager[None]] = []


def die_loading(folder: Path, name: str, *, times: int = CRASHES) -> None:
    for _ in range(times):
        UNENDED.append(LoadCrashes(folder).noted(name))
        UNENDED[-1].__enter__()


def age(folder: Path, seconds: float) -> None:
    LoadCrashes(folder)
    path = folder / "crashes.json"
    known = json.loads(path.read_text())
    path.write_text(json.dumps({name: one | {"last": time.time() - seconds} for name, one in known.items()}))


def test_a_model_that_was_loaded_at_two_crashes_is_refused(tmp_path: Path) -> None:
    die_loading(tmp_path, "org/model")
    crashes = LoadCrashes(tmp_path)
    with pytest.raises(GatewayError) as caught:
        crashes.check("org/model")
    assert (caught.value.kind, caught.value.param) == (Kind.MODEL_NOT_INSTALLED, "model")
    assert "crashed the local worker twice" in caught.value.message
    crashes.check("org/other")


def test_one_crash_is_not_enough(tmp_path: Path) -> None:
    die_loading(tmp_path, "org/model", times=1)
    LoadCrashes(tmp_path).check("org/model")


def test_a_crash_between_two_pieces_blames_no_model(tmp_path: Path) -> None:
    for _ in range(CRASHES):
        with LoadCrashes(tmp_path).noted("org/model"):
            pass
    LoadCrashes(tmp_path).check("org/model")


def test_a_model_that_has_arrived_begins_anew(tmp_path: Path) -> None:
    die_loading(tmp_path, "org/model", times=1)
    LoadCrashes(tmp_path).clear("org/model")
    die_loading(tmp_path, "org/model", times=1)
    LoadCrashes(tmp_path).check("org/model")


def test_a_refused_model_is_tried_again_after_a_while(tmp_path: Path) -> None:
    die_loading(tmp_path, "org/model")
    age(tmp_path, HOLD_SECONDS + 1)
    LoadCrashes(tmp_path).check("org/model")
    die_loading(tmp_path, "org/model", times=1)
    LoadCrashes(tmp_path).check("org/model")


def test_all_is_forgotten_when_serve_starts(tmp_path: Path) -> None:
    die_loading(tmp_path, "org/model")
    forget(tmp_path)
    LoadCrashes(tmp_path).check("org/model")


def test_a_file_that_cannot_be_read_blames_no_model(tmp_path: Path) -> None:
    (tmp_path / "crashes.json").write_text("{")
    LoadCrashes(tmp_path).check("org/model")
