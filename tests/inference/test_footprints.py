"""What a model takes of memory, whatever its files say."""

import json
from pathlib import Path

import pytest

from inference import footprints


@pytest.mark.parametrize("field", ["num_hidden_layers", "hidden_size", "num_key_value_heads", "vocab_size", "head_dim"])
def test_no_model_takes_less_than_its_weights(tmp_path: Path, field: str) -> None:
    config = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100}
    (tmp_path / "config.json").write_text(json.dumps(config | {field: -(10**9)}))
    assert footprints.least(tmp_path, 1000) >= 1000
