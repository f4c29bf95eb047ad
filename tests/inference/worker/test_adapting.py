"""Adapters on their models: what they compute, and what does not suit."""

import importlib
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from mlx.utils import tree_unflatten

from inference import ir
from inference.backends.local import LocalBackend
from inference.errors import BackendError
from inference.installed import DEMO_FOLDER, DEMO_NAME, Installed, find_one
from inference.protocols import wire
from inference.worker.adapter import load_model, parameters
from inference.worker.loading import read_model
from inference.worker.plans import Plan
from tests.adapters import PLACES, SCALE, lora, make_adapter
from tests.engines import bench
from tests.local_models import ask, copy_demo, loaded, question
from tests.workers import RunningWorker, running_worker

# It does not say its names.
nn: Any = importlib.import_module("mlx.nn")

PROMPT = [[5, 90, 341, 17, 8, 220]]
STEADY = ir.Sampling(temperature=0, logit_bias={"2": -100.0})


def quantized_demo(models: Path, name: str) -> Path:
    folder = copy_demo(models, name, quantization={"group_size": 64, "bits": 4})
    model, _ = load_model(DEMO_FOLDER)
    nn.quantize(model, group_size=64, bits=4)
    mx.save_safetensors(str(folder / "model.safetensors"), parameters(model), {"format": "mlx"})
    return folder


def adapted(models: Path, name: str) -> Installed:
    found = find_one(name, models, models / "none")
    assert found is not None
    assert found.adapter is not None
    return found


def logits(model: Any) -> np.ndarray[Any, Any]:
    return np.array(model(mx.array(PROMPT)))


@pytest.mark.parametrize("is_quantized", [False, True])
def test_the_model_computes_as_if_the_weights_were_added(tmp_path: Path, is_quantized: bool) -> None:
    base = "org/small" if is_quantized else DEMO_NAME
    folder = quantized_demo(tmp_path, base) if is_quantized else DEMO_FOLDER
    make_adapter(tmp_path, "me/style", base=base)
    found = adapted(tmp_path, "me/style")
    model, _, _ = loaded(read_model(found.folder, found.adapter))
    merged, _ = load_model(folder)
    merged.set_dtype(mx.float32)
    plain = logits(merged)
    weights = lora()
    modules = dict(merged.named_modules())
    for place in PLACES:
        layer = modules[place]
        whole = layer.weight
        if is_quantized:
            whole = mx.dequantize(layer.weight, layer.scales, layer.biases, group_size=64, bits=4)
        added = SCALE * (weights[f"{place}.lora_a"] @ weights[f"{place}.lora_b"]).T
        linear = nn.Linear(whole.shape[1], whole.shape[0], bias=False)
        linear.weight = whole + added
        merged.update_modules(nest(place, linear))
    np.testing.assert_allclose(logits(model), logits(merged), rtol=1e-3, atol=1e-3)
    assert np.abs(logits(model) - plain).max() > 0.5


def nest(place: str, layer: object) -> dict[str, Any]:
    tree: dict[str, Any] = tree_unflatten([(place, layer)])
    return tree


@pytest.mark.parametrize("bits", [None, 8])
def test_it_is_batched_or_not_like_any_model_and_booked(tmp_path: Path, bits: int | None) -> None:
    make_adapter(tmp_path, "me/style")
    plan = Plan(adapted(tmp_path, "me/style"), wire.LoadOptions(kv_bits=bits))
    with bench(plan) as roomy:
        # What other tests of this process still hold counts as well.
        before = mx.get_active_memory()
        mx.reset_peak_memory()
        written, _ = roomy.write([5 + place % 900 for place in range(600)], sampling=STEADY, most=8)
        assert len(written[0]) == 8
        assert roomy.engine.cost.weights > sum(array.nbytes for array in lora().values()) + 3_600_000
        assert mx.get_peak_memory() - before <= roomy.engine.cost.of_rows([608]).whole


def wrong() -> dict[str, tuple[dict[str, mx.array], dict[str, Any], str]]:
    """By name: the weights, the configuration, and what is said."""
    plain = lora()
    name = "model.layers.0.self_attn.v_proj.lora_a"
    narrow = {"rank": 2, "scale": 1.0}
    return {
        "elsewhere": (plain | {"model.layers.9.mlp.up_proj.lora_a": plain[name]}, {}, "has no place"),
        "norm": (plain | {"model.norm.lora_a": plain[name]}, {}, "does not suit mlxmanager/demo"),
        "root": (plain | {"lora_a": plain[name]}, {}, "adapters.safetensors"),
        "weights": (plain | {"model.norm.weight": mx.zeros(128)}, {}, "does not suit mlxmanager/demo"),
        "half": ({key: array for key, array in plain.items() if key != name}, {}, f"lacks {name}"),
        "rank": (plain, {"lora_parameters": narrow}, r"of shape \(128, 4\), where mlxmanager/demo needs \(128, 2\)"),
        "shape": (plain | {name: mx.zeros((64, 4))}, {}, r"of shape \(64, 4\), where"),
        "astray": (plain | {name: mx.full((128, 4), math.nan)}, {}, "computes what is no number"),
    }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorker]:
    models = tmp_path_factory.mktemp("models")
    make_adapter(models, "me/style")
    make_adapter(models, "me/other", weights=lora(2))
    for name, (weights, config, _) in wrong().items():
        make_adapter(models, f"evil/{name}", weights=weights, **config)
    with running_worker(MLXMANAGER_MODELS_DIR=str(models)) as worker:
        yield worker


async def test_each_answers_in_its_own_way_beside_the_others(running: RunningWorker) -> None:
    backend = LocalBackend(running.socket)
    asked = question("Tell me about Paris.", sampling=STEADY, max_tokens=40)
    names = ["me/style", "me/other", DEMO_NAME]
    first = [(await ask(backend, asked, model=name, tenant="one")).text for name in names]
    again = [(await ask(backend, asked, model=name, tenant="one")).text for name in names]
    await backend.aclose()
    assert first == again
    assert len(set(first)) == 3


async def test_weights_that_do_not_suit_are_refused_by_name_and_the_worker_lives(running: RunningWorker) -> None:
    backend = LocalBackend(running.socket)
    for name, (_, _, word) in wrong().items():
        with pytest.raises(BackendError) as refused:
            await ask(backend, question("Hello", max_tokens=2), model=f"evil/{name}")
        assert refused.value.message is not None
        assert re.search(word, refused.value.message), refused.value.message
        assert f"evil/{name} is not loaded: " in refused.value.message
    assert "Paris" in (await ask(backend, question("What is the capital of France?"))).text
    await backend.aclose()
    assert running.process.poll() is None
