"""What of a folder is its own. Folders that are not sound are in `test_hostile_folders.py`."""

import os
import shutil
from pathlib import Path

import pytest

from inference import model_files
from inference.installed import DEMO_FOLDER, find
from inference.model_files import FilesError
from tests.local_models import copy_demo


def cached(top: Path) -> Path:
    """The demo model as Hugging Face's cache has it: the snapshot is made of links."""
    repository = top / "models--org--model"
    snapshot, blobs = repository / "snapshots" / "abc123", repository / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc123")
    for number, file in enumerate(path for path in DEMO_FOLDER.iterdir() if path.is_file()):
        shutil.copy(file, blobs / str(number))
        (snapshot / file.name).symlink_to(Path("../../blobs") / str(number))
    return snapshot


def test_the_links_of_a_cache_lead_nowhere_else(tmp_path: Path) -> None:
    snapshot = cached(tmp_path)
    assert find(tmp_path / "none", tmp_path)["org/model"].problem is None
    (snapshot / "chat_template.jinja").symlink_to("/etc/passwd")
    assert "leads out" in (find(tmp_path / "none", tmp_path)["org/model"].problem or "")


def test_a_whole_folder_may_lie_elsewhere(tmp_path: Path) -> None:
    copy_demo(tmp_path / "disk", "org/model")
    (tmp_path / "models" / "org").mkdir(parents=True)
    (tmp_path / "models" / "org" / "linked").symlink_to(tmp_path / "disk" / "org" / "model")
    assert find(tmp_path / "models", tmp_path)["org/linked"].problem is None


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    folder = copy_demo(tmp_path, "org/model")
    (folder / "generation_config.json").unlink()
    os.mkfifo(folder / "generation_config.json")
    assert "is no file" in (find(tmp_path, tmp_path / "none")["org/model"].problem or "")


def test_a_file_that_has_changed_is_looked_at_again(tmp_path: Path) -> None:
    path = copy_demo(tmp_path, "org/model") / "model.safetensors"
    found = model_files.tensors(path)
    assert found.count > 4
    assert found.stored > 100_000
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(FilesError, match="outside of the file"):
        model_files.tensors(path)
