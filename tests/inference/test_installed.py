"""Which models are installed."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.installed import DEMO_FOLDER, DEMO_NAME, Installed, find, find_one
from tests.local_models import copy_demo

REVISION = "0123456789abcdef0123456789abcdef01234567"


def installed(models: Path, cache: Path = Path("/nonexistent")) -> dict[str, Installed]:
    return find(models, cache)


def test_the_demo_model_is_always_there(tmp_path: Path) -> None:
    found = installed(tmp_path / "missing")
    demo = found[DEMO_NAME]
    assert found == {DEMO_NAME: Installed(DEMO_NAME, DEMO_FOLDER, "bundled", demo.size, needs=demo.needs)}


def test_the_size_is_that_of_the_tensors(tmp_path: Path) -> None:
    size = installed(tmp_path)[DEMO_NAME].size
    file = (DEMO_FOLDER / "model.safetensors").stat().st_size
    assert file - 8192 < size < file


def test_a_folder_below_the_models_folder_is_a_model(tmp_path: Path) -> None:
    folder = copy_demo(tmp_path, "org/model-4bit")
    assert installed(tmp_path)["org/model-4bit"].folder == folder


def test_the_cache_of_hugging_face_is_read_at_main(tmp_path: Path) -> None:
    repository = tmp_path / "models--org--model"
    folder = copy_demo(repository, f"snapshots/{REVISION}")
    copy_demo(repository, "snapshots/other")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(REVISION)
    assert installed(tmp_path / "none", tmp_path)["org/model"].folder == folder


def test_the_models_folder_goes_before_the_cache(tmp_path: Path) -> None:
    repository = tmp_path / "cache" / "models--org--model"
    copy_demo(repository, f"snapshots/{REVISION}")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(REVISION)
    folder = copy_demo(tmp_path / "models", "org/model")
    assert installed(tmp_path / "models", tmp_path / "cache")["org/model"].folder == folder


@pytest.mark.parametrize("revision", ["../../../escape", "", "a/b"])
def test_a_revision_that_is_a_path_is_not_followed(tmp_path: Path, revision: str) -> None:
    repository = tmp_path / "models--org--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(revision)
    copy_demo(tmp_path, "escape")
    assert set(installed(tmp_path / "none", tmp_path)) == {DEMO_NAME}


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_an_incomplete_folder_is_no_model(tmp_path: Path, missing: str) -> None:
    (copy_demo(tmp_path, "org/model") / missing).unlink()
    assert "org/model" not in installed(tmp_path)


def test_weights_in_several_files_are_complete_with_the_last(tmp_path: Path) -> None:
    folder = copy_demo(tmp_path, "org/model")
    files = {"a": "model.safetensors", "b": "model-2.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}))
    assert "org/model" not in installed(tmp_path)
    shutil.copy(folder / "model.safetensors", folder / "model-2.safetensors")
    assert "org/model" in installed(tmp_path)


def test_a_download_that_is_not_complete_is_no_model(tmp_path: Path) -> None:
    copy_demo(tmp_path, "org/model.partial")
    assert set(installed(tmp_path)) == {DEMO_NAME}


@pytest.mark.parametrize("file", ["modeling.py", "pytorch_model.bin", "weights.pt", "model.gguf"])
def test_a_folder_with_code_or_pickles_is_refused(tmp_path: Path, file: str) -> None:
    (copy_demo(tmp_path, "org/model") / file).write_text("")
    problem = installed(tmp_path)["org/model"].problem
    assert problem is not None
    assert file in problem


@pytest.mark.parametrize("setting", ["model_file", "auto_map", "_attn_implementation_internal"])
@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_a_model_that_asks_for_its_own_code_is_refused(tmp_path: Path, file: str, setting: str) -> None:
    path = copy_demo(tmp_path, "org/model") / file
    path.write_text(json.dumps(json.loads(path.read_text()) | {setting: "x"}))
    problem = installed(tmp_path)["org/model"].problem
    assert problem is not None
    assert setting in problem


@pytest.mark.parametrize("header", [b"", b"\xff" * 16, b"\x02" + bytes(7) + b"[]", (2**62).to_bytes(8, "little")])
def test_a_broken_weights_file_breaks_nothing(tmp_path: Path, header: bytes) -> None:
    (copy_demo(tmp_path, "org/model") / "model.safetensors").write_bytes(header)
    assert installed(tmp_path)["org/model"].size == 0


def test_a_dangling_link_among_the_weights_breaks_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "some" / "model"
    shutil.copytree(DEMO_FOLDER, folder)
    (folder / "model-00002.safetensors").symlink_to(tmp_path / "gone")
    assert set(find(tmp_path / "models", tmp_path)) == {DEMO_NAME}


@pytest.fixture
def deep_folder(tmp_path: Path) -> Iterator[Path]:
    """A models folder that lies so deep that a model's folder can be named in it, and no file in that."""
    longest = os.pathconf(tmp_path, "PC_PATH_MAX")
    deep = tmp_path
    while (left := longest - len(f"{deep}//org/model/")) > 0:
        deep /= "x" * min(left, 200)
    (deep / "org" / "model").mkdir(parents=True)
    yield deep
    shutil.rmtree(next(tmp_path.iterdir()))


def test_a_folder_whose_files_cannot_be_looked_at_is_no_model(deep_folder: Path) -> None:
    assert set(installed(deep_folder)) == {DEMO_NAME}
    assert find_one("org/model", deep_folder, Path("/nonexistent")) is None
