"""The command `models`, as its user runs it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from inference.installed import DEMO_NAME
from inference.prefix_folder import locate, of_model
from tests.embedding_models import tiny_bert
from tests.hub import REPOSITORY, Hub
from tests.local_models import copy_demo
from tests.workers import ROOT


def models(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "models", *arguments],
        cwd=ROOT,
        env=os.environ | {"MLXMANAGER_HOME": str(home), "HF_HOME": str(home / "hf")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_model_is_pulled_listed_and_removed(tmp_path: Path) -> None:
    with Hub(copy_demo(tmp_path, "repository")) as hub:
        pulled = models("pull", REPOSITORY, home=tmp_path, HF_ENDPOINT=hub.url)
    assert pulled.returncode == 0
    announced, done, room = pulled.stdout.splitlines()
    assert re.fullmatch(rf"{REPOSITORY} is 1\.\d MB to download", announced)
    assert done.startswith(f"{REPOSITORY} is installed (1.8 MB) in ")
    assert room.startswith("It fits (it needs ")
    assert "%" in pulled.stderr
    listed = models("list", home=tmp_path).stdout
    assert [line.split()[:3] for line in listed.splitlines()] == [[DEMO_NAME, "1.8", "MB"], [REPOSITORY, "1.8", "MB"]]
    kept = of_model(locate(tmp_path), REPOSITORY)
    kept.mkdir(parents=True)
    (kept / "of-a-prompt.safetensors").touch()
    other = of_model(locate(tmp_path), DEMO_NAME)
    other.mkdir()
    assert models("remove", REPOSITORY, home=tmp_path).returncode == 0
    assert (kept.exists(), other.exists()) == (False, True)
    assert REPOSITORY not in models("list", home=tmp_path).stdout


def test_models_for_embeddings_are_marked_in_the_list(tmp_path: Path) -> None:
    tiny_bert(tmp_path / "models", "org/encoder")
    lines = models("list", home=tmp_path).stdout.splitlines()
    assert ["for embeddings" in line for line in lines] == [False, True]


def test_the_list_says_what_fits_the_budget(tmp_path: Path) -> None:
    fitting, tight = (models("list", home=tmp_path, MLXMANAGER_MEMORY_BUDGET=size).stdout for size in ("1GB", "1MB"))
    assert "   fits (it needs " in fitting
    assert " of 1.0 GB)" in fitting
    assert "   does not fit (it needs " in tight


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["remove", DEMO_NAME], "stays"),
        (["remove", "org/unknown"], "is not installed"),
        (["pull", "org/unknown"], "cannot be reached"),
    ],
)
def test_what_cannot_be_done_says_why(tmp_path: Path, arguments: list[str], words: str) -> None:
    refused = models(*arguments, home=tmp_path, HF_ENDPOINT="http://127.0.0.1:9")
    assert refused.returncode == 1
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
