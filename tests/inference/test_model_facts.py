"""What is read of an installed model's files."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from inference.model_facts import ModelFacts, read_facts


@pytest.mark.parametrize(
    ("config", "window"),
    [
        ({"max_position_embeddings": 4096}, 4096),
        ({"text_config": {"max_position_embeddings": 8192}}, 8192),
        ({"max_position_embeddings": 0}, None),
        ({"max_position_embeddings": "many", "text_config": 5}, None),
        ({}, None),
        ([], None),
    ],
)
def test_the_window_and_the_day_are_read(tmp_path: Path, config: Any, window: int | None) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    os.utime(tmp_path, (1_790_000_000, 1_790_000_000))
    assert read_facts(tmp_path) == ModelFacts(1_790_000_000, window)


def test_a_changed_configuration_is_read_again(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    for window in (1024, 2048):
        config.write_text(json.dumps({"max_position_embeddings": window}))
        os.utime(config, ns=(window, window))
        assert read_facts(tmp_path).window == window


def test_a_model_that_is_gone_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_facts(tmp_path / "gone")
