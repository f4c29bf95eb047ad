"""Which adapters are installed, and what is told of them."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from django.core.management import call_command
from pytest_django import Settings

from inference import prefix_folder
from inference.installed import DEMO_FOLDER, DEMO_NAME, Installed, find, find_one
from mlxmanager.application import usable_models
from tests.adapters import lora, make_adapter
from tests.embedding_models import tiny_bert
from tests.local_models import copy_demo

NOWHERE = Path("/nonexistent")


def installed(models: Path, name: str) -> Installed:
    found = find(models, NOWHERE)[name]
    assert find_one(name, models, NOWHERE) == found
    return found


def test_an_adapter_is_a_model_of_its_own_with_the_files_of_its_base(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path, "me/style")
    found = installed(tmp_path, "me/style")
    base = find(tmp_path, NOWHERE)[DEMO_NAME]
    assert found.adapter is not None
    assert (found.problem, found.folder, found.adapter.folder) == (None, DEMO_FOLDER, folder)
    weights = sum(array.nbytes for array in lora().values())
    assert (found.size, found.needs) == (weights, base.needs + weights)


def test_its_base_is_found_in_the_cache_of_hugging_face(tmp_path: Path) -> None:
    repository = tmp_path / "cache" / "models--org--base"
    copy_demo(repository, "snapshots/abc")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    make_adapter(tmp_path / "models", "me/style", base="org/base")
    found = find(tmp_path / "models", tmp_path / "cache")["me/style"]
    assert found.problem is None
    assert found.folder == repository / "snapshots" / "abc"


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"model": "org/unknown"}, "its base model org/unknown is not installed"),
        ({"model": "../../demo"}, "its base model ../../demo is not installed"),
        ({"model": "me/itself"}, "its base model me/itself is not installed"),
        ({"model": "org/bert"}, "its base model org/bert makes embeddings"),
        ({"model": "org/with-code"}, "its base model org/with-code is not loaded: its folder holds modeling.py"),
        ({"model": 7}, "its adapter_config.json cannot be read"),
        ({"fine_tune_type": "dora"}, "its adapter_config.json has the fine_tune_type dora, and only lora is loaded"),
        ({"fine_tune_type": "full"}, "has the fine_tune_type full"),
        ({"lora_parameters": None}, "its adapter_config.json has no lora_parameters"),
        ({"lora_parameters": {"rank": 8, "alpha": 16}}, "its adapter_config.json cannot be read"),
        ({"lora_parameters": {"rank": 0, "scale": 1.0}}, "its adapter_config.json cannot be read"),
        ({"lora_parameters": {"rank": 10**9, "scale": 1.0}}, "its adapter_config.json cannot be read"),
    ],
)
def test_an_adapter_that_cannot_be_loaded_says_why(tmp_path: Path, config: dict[str, Any], problem: str) -> None:
    tiny_bert(tmp_path, "org/bert")
    (copy_demo(tmp_path, "org/with-code") / "modeling.py").touch()
    make_adapter(tmp_path, "me/itself", **config)
    found = installed(tmp_path, "me/itself")
    assert found.problem is not None
    assert problem in found.problem


def test_files_of_an_adapter_are_looked_at_as_those_of_models(tmp_path: Path) -> None:
    (make_adapter(tmp_path, "evil/code") / "run.py").touch()
    (make_adapter(tmp_path, "evil/link") / "more.json").symlink_to("/etc/passwd")
    weights = make_adapter(tmp_path, "evil/short") / "adapters.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    (make_adapter(tmp_path, "evil/deep") / "adapter_config.json").write_text("[" * 100_000)
    problems = {name: found.problem or "" for name, found in find(tmp_path, NOWHERE).items()}
    assert "only safetensors are loaded" in problems["evil/code"]
    assert "leads out of its folder" in problems["evil/link"]
    assert "lies outside of the file" in problems["evil/short"]
    assert "cannot be read" in problems["evil/deep"]


def test_what_was_read_with_one_adapter_is_no_use_to_another(tmp_path: Path) -> None:
    for seed in (1, 2):
        make_adapter(tmp_path, f"me/style-{seed}", weights=lora(seed))
    names = ["me/style-1", "me/style-2", DEMO_NAME]
    before = [prefix_folder.identity(installed(tmp_path, name)) for name in names]
    assert len(set(before)) == 3
    mx.save_safetensors(str(tmp_path / names[0] / "adapters.safetensors"), lora(3))
    assert prefix_folder.identity(installed(tmp_path, names[0])) != before[0]


@pytest.mark.django_db
def test_it_is_listed_offered_and_explained_by_its_own_name(tmp_path: Path, settings: Settings) -> None:
    settings.MODELS_DIR = tmp_path
    make_adapter(tmp_path, "me/style")
    make_adapter(tmp_path, "me/lost", base="org/gone")
    listed, told = StringIO(), StringIO()
    call_command("models", "list", stdout=listed)
    lost, style = sorted(line for line in listed.getvalue().splitlines() if line.startswith("me/"))
    assert "adapter of mlxmanager/demo" in style
    assert "not loaded: its base model org/gone is not installed" in lost
    assert {"me/style", "me/lost"} & set(usable_models()) == {"me/style"}
    call_command("route", "me/style", stdout=told)
    assert "an installed model has this name" in told.getvalue()
    assert "KB, an adapter of mlxmanager/demo" in told.getvalue()


def test_a_model_beside_an_adapter_stays_a_model(tmp_path: Path) -> None:
    folder = copy_demo(tmp_path, "org/model")
    (folder / "adapter_config.json").write_text(json.dumps({"model": DEMO_NAME}))
    mx.save_safetensors(str(folder / "adapters.safetensors"), lora())
    assert installed(tmp_path, "org/model").adapter is None
