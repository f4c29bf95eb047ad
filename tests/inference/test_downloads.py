"""Pulling models from a hub on loopback."""

import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference import downloads
from inference.installed import DEMO_FOLDER, find
from tests.adapters import make_adapter
from tests.embedding_models import tiny_bert
from tests.hub import COMMIT, REPOSITORY, Hub
from tests.local_models import copy_demo

NOWHERE = Path("/nonexistent")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    folder = copy_demo(tmp_path, "repository")
    (folder / "README.md").write_text("not needed")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").write_text("not needed")
    with Hub(folder) as running:
        yield running


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


def test_a_pulled_model_is_installed_with_what_it_needs(hub: Hub, models: Path) -> None:
    folder = downloads.pull(REPOSITORY, models, endpoint=hub.url)
    assert find(models, NOWHERE)[REPOSITORY].folder == folder == models / REPOSITORY
    assert {path.name for path in folder.iterdir()} == {path.name for path in DEMO_FOLDER.iterdir()}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert (folder / "model.safetensors").read_bytes() == (DEMO_FOLDER / "model.safetensors").read_bytes()


def test_an_embedding_model_is_pulled_with_the_files_in_its_subfolders(tmp_path: Path, models: Path) -> None:
    with Hub(tiny_bert(tmp_path, "repository")) as hub:
        downloads.pull(REPOSITORY, models, endpoint=hub.url)
    found = find(models, NOWHERE)[REPOSITORY]
    assert (found.kind, found.problem) == ("embedding", None)
    assert (found.folder / "1_Pooling" / "config.json").is_file()


def test_an_adapter_is_pulled_and_waits_for_its_base(tmp_path: Path, models: Path) -> None:
    folder = make_adapter(tmp_path, "repository", base="org/base")
    (folder / "0000100_adapters.safetensors").write_text("an earlier state")
    with Hub(folder) as hub:
        pulled = downloads.pull(REPOSITORY, models, endpoint=hub.url)
    assert {path.name for path in pulled.iterdir()} == {"adapter_config.json", "adapters.safetensors"}
    assert find(models, NOWHERE)[REPOSITORY].problem == "its base model org/base is not installed"
    copy_demo(models, "org/base")
    assert find(models, NOWHERE)[REPOSITORY].problem is None


def test_an_interrupted_download_is_not_installed_and_is_gone_on_from(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The library tries again and again, with pauses.
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    hub.cut_after = 1_000_000
    with pytest.raises(downloads.DownloadError):
        downloads.pull(REPOSITORY, models, endpoint=hub.url)
    assert REPOSITORY not in find(models, NOWHERE)
    hub.cut_after = None
    hub.sent.clear()
    downloads.pull(REPOSITORY, models, endpoint=hub.url)
    assert REPOSITORY in find(models, NOWHERE)
    assert hub.sent == ["model.safetensors"]


def test_a_new_download_takes_the_place_of_the_old(hub: Hub, models: Path) -> None:
    folder = downloads.pull(REPOSITORY, models, endpoint=hub.url)
    (folder / "left.json").write_text("{}")
    # As one leaves it that was interrupted while it put its model in place.
    (folder.parent / f".{folder.name}.old" / "more").mkdir(parents=True)
    downloads.pull(REPOSITORY, models, revision=COMMIT, endpoint=hub.url)
    assert not (folder / "left.json").exists()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize(
    ("name", "revision", "words"),
    [
        ("org/unknown", None, "has no model org/unknown"),
        ("org/gated", None, "is gated"),
        (REPOSITORY, "nothing", "no such revision"),
        ("../escape", None, "not the name of a model"),
        ("org/../../escape", None, "not the name of a model"),
        ("single", None, "not the name of a model"),
    ],
)
def test_what_cannot_be_pulled_says_why(hub: Hub, models: Path, name: str, revision: str | None, words: str) -> None:
    with pytest.raises(downloads.DownloadError, match=words):
        downloads.pull(name, models, revision=revision, endpoint=hub.url)


def test_a_hub_that_cannot_be_reached_is_named(models: Path) -> None:
    with pytest.raises(downloads.DownloadError, match=r"http://127.0.0.1:9 cannot be reached"):
        downloads.pull(REPOSITORY, models, endpoint="http://127.0.0.1:9")


def test_what_mlx_cannot_load_is_not_kept(hub: Hub, models: Path) -> None:
    (hub.folder / "model.safetensors").unlink()
    with pytest.raises(downloads.DownloadError, match="cannot be used"):
        downloads.pull(REPOSITORY, models, endpoint=hub.url)
    assert list((models / "org").iterdir()) == []


def test_a_model_larger_than_the_disk_is_refused_before_anything_is_downloaded(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = hub.folder / "model.safetensors"
    os.truncate(weights, shutil.disk_usage(models.parent).free + 2**30)  # without taking them from the disk
    told: list[int] = []
    with pytest.raises(downloads.DownloadError, match=rf"{REPOSITORY} needs .* on the disk of {models.parent}"):
        downloads.pull(REPOSITORY, models, endpoint=hub.url, announce=told.append)
    assert told[0] > weights.stat().st_size
    assert hub.sent == []
    assert not models.exists()


def test_a_disk_that_becomes_full_gets_back_what_was_taken(hub: Hub, models: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, limits[1]))
    try:
        with pytest.raises(downloads.DownloadError, match="became full"):
            downloads.pull(REPOSITORY, models, endpoint=hub.url)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(models.iterdir()) == []


def test_a_models_folder_that_cannot_be_written_is_named(hub: Hub, models: Path) -> None:
    models.write_text("a file")
    with pytest.raises(downloads.DownloadError, match=rf"{models}/.* cannot be written \(Not a directory\)"):
        downloads.pull(REPOSITORY, models, endpoint=hub.url)


def test_a_removed_model_leaves_nothing(hub: Hub, models: Path) -> None:
    downloads.remove(downloads.pull(REPOSITORY, models, endpoint=hub.url))
    assert list(models.iterdir()) == []
