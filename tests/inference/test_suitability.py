"""What a model's files say of the options that do not suit it, where they say it surely."""

import json
from pathlib import Path
from typing import Any

import pytest

from inference.installed import Installed
from inference.suitability import guessing_problem, quantizing_problem
from tests.local_models import copy_demo, swap_words


def model(folder: Path) -> Installed:
    return Installed(f"org/{folder.name}", folder, "models", 0)


@pytest.mark.parametrize(
    ("config", "is_refused"),
    [
        ({"model_type": "qwen3", "head_dim": 64}, False),
        ({"model_type": "qwen3", "head_dim": 32}, False),
        ({"model_type": "phi", "hidden_size": 2560, "num_attention_heads": 32, "head_dim": None}, True),
        ({"model_type": "llama", "head_dim": 24}, True),
        # What its layers keep is not known here.
        ({"model_type": "deepseek_v3", "head_dim": 24}, False),
        ({"model_type": 7}, False),
    ],
)
def test_heads_of_an_odd_width_cannot_have_few_bits(tmp_path: Path, config: dict[str, Any], is_refused: bool) -> None:
    config = {name: value for name, value in config.items() if value is not None}
    (tmp_path / "config.json").write_text(json.dumps(config))
    problem = quantizing_problem(model(tmp_path))
    assert (problem is not None) == is_refused
    assert problem is None or "cannot be quantized" in problem


def test_words_of_another_number_are_no_common_vocabulary(tmp_path: Path) -> None:
    large, small, other = (model(copy_demo(tmp_path, name)) for name in ("large", "small", "other"))
    swap_words(other.folder)
    assert guessing_problem(large, small) is None
    assert guessing_problem(large, other) == "it cannot guess for org/large: their vocabularies are not the same"


def test_words_that_one_of_them_has_beside_prove_nothing(tmp_path: Path) -> None:
    large, small = (model(copy_demo(tmp_path, name)) for name in ("large", "small"))
    path = small.folder / "tokenizer.json"
    made = json.loads(path.read_text())
    made["added_tokens"].append({"id": 5000, "content": "<|new|>"})
    path.write_text(json.dumps(made))
    assert guessing_problem(large, small) is None
    assert guessing_problem(small, large) is None
    path.write_text("{")
    assert guessing_problem(large, small) is None
