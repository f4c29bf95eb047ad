"""The memory that local models may take, and what models take as their files say."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from inference import budget, footprints
from inference.errors import GatewayError, Kind
from inference.installed import DEMO_NAME, find_one
from tests.local_models import copy_demo

GB = 1024**3
NOWHERE = Path("/nonexistent")


def machine(root: Path, *, groups: str = "", **limits: str) -> tuple[Path, Path]:
    """A /proc of 8 GB, and control groups with these limits by their path."""
    proc, cgroups = root / "proc", root / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text("MemTotal:        8388608 kB\nMemFree: 5 kB\n")
    (proc / "self" / "cgroup").write_text(groups)
    for place, limit in limits.items():
        path = cgroups / place.replace("__", "/").replace("_max", ".max")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(limit)
    return proc, cgroups


def test_a_process_without_limits_may_use_the_machine(tmp_path: Path) -> None:
    assert budget.process_memory(*machine(tmp_path)) == 8 * GB
    assert budget.of_device(8 * GB) == 6 * GB


@pytest.mark.parametrize(
    ("groups", "limits"),
    [
        ("0::/app/worker\n", {"app__worker__memory_max": str(2 * GB)}),
        ("0::/app/worker\n", {"app__worker__memory_max": "max", "app__memory_max": str(2 * GB)}),
        ("0::/\n", {"memory_max": str(2 * GB)}),
        ("9:cpu:/a\n4:memory:/b\n", {"memory__b__memory.limit_in_bytes": str(2 * GB)}),
        ("4:memory:/outside\n", {"memory__memory.limit_in_bytes": str(2 * GB)}),
    ],
)
def test_the_limit_of_any_of_its_control_groups_counts(tmp_path: Path, groups: str, limits: dict[str, str]) -> None:
    assert budget.process_memory(*machine(tmp_path, groups=groups, **limits)) == 2 * GB


def test_a_limit_above_the_memory_of_the_machine_is_none(tmp_path: Path) -> None:
    assert budget.process_memory(*machine(tmp_path, groups="0::/\n", memory_max=str(2**62))) == 8 * GB


def test_this_machine_has_some() -> None:
    assert budget.process_memory() > GB // 4


def test_a_budget_that_is_set_is_the_budget() -> None:
    assert budget.known(123) == 123


def test_a_model_above_the_budget_is_refused_with_both_numbers() -> None:
    budget.check("org/model", GB, GB)
    with pytest.raises(GatewayError) as caught:
        budget.check("org/model", 3 * GB, 2 * GB)
    assert caught.value.kind is Kind.MODEL_DOES_NOT_FIT
    assert "needs 3.0 GB" in caught.value.message
    assert "leaves 2.0 GB" in caught.value.message


def test_half_precision_doubles_where_a_cpu_computes_and_nothing_else_does(tmp_path: Path) -> None:
    folder = copy_demo(tmp_path, "org/model", num_hidden_layers=3)
    kinds = {"a": np.float16, "b": np.float32, "c": np.uint32}
    tensors: dict[str, NDArray[Any]] = {name: np.zeros(100, kind) for name, kind in kinds.items()}
    save_file(tensors, folder / "model.safetensors")
    found = find_one("org/model", tmp_path, NOWHERE)
    assert found is not None
    factor = 2 if footprints.SINGLE_PRECISION else 1
    loaded = found.needs - footprints.least(folder, 0)
    assert (found.size, loaded) == (1000, 200 * factor + 800)


def test_a_model_needs_its_weights_a_short_cache_and_a_step(tmp_path: Path) -> None:
    found = find_one(DEMO_NAME, tmp_path, NOWHERE)
    assert found is not None
    factor = 2 if footprints.SINGLE_PRECISION else 1
    # Four layers of two heads with 32 numbers, for keys and for values.
    cache = 256 * 2 * 4 * 2 * 32 * footprints.WIDTH
    step = footprints.working(found.folder).bytes(read=256, seen=256, rows=1)
    assert found.needs == factor * found.size + cache + step


def test_the_text_part_of_a_model_for_more_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"text_config": {"hidden_size": 8, "num_attention_heads": 2}}))
    assert footprints.working(tmp_path).token == footprints.WIDTH * 48
