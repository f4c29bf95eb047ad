"""The book of memory against what MLX really takes, in this process with copies of the demo model."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import mlx.core as mx
import pytest
from mlx.utils import tree_flatten

from inference import footprints, ir
from inference.footprints import Working
from inference.installed import DEMO_FOLDER, Installed, find_one
from inference.worker import loading
from inference.worker.adapter import load_model
from inference.worker.engine import Token
from inference.worker.engines import AnyEngine
from inference.worker.fitting import PIECE
from inference.worker.likelihoods import Likelihoods
from inference.worker.memory import CacheLayer, Cost, Need, free
from tests.engines import bench
from tests.local_models import copy_demo, loaded

STOP = {"2": -100.0}


def made(folder: Path, **config: object) -> Path:
    """A model with other sizes than the demo's, and with any weights."""
    path = folder / "config.json"
    settings = json.loads(path.read_text()) | config
    path.write_text(json.dumps(settings))
    (folder / "model.safetensors").unlink()
    model, _ = load_model(folder, lazy=True, strict=False)
    model.set_dtype(mx.float16)
    mx.save_safetensors(str(folder / "model.safetensors"), dict(tree_flatten(model.parameters())), {"format": "mlx"})
    return folder


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnyEngine]:
    folder = copy_demo(tmp_path_factory.mktemp("models"), "org/wide")
    made(folder, num_key_value_heads=4, head_dim=64)
    with bench(Installed("org/wide", folder, "models", 0)) as running:
        yield running.engine


@pytest.mark.parametrize(("rows", "prompt", "answer"), [(1, 20, 300), (1, 1500, 4), (6, 600, 4), (12, 30, 40)])
def test_no_batch_takes_more_than_the_book_has(engine: AnyEngine, rows: int, prompt: int, answer: int) -> None:
    mx.reset_peak_memory()
    wanted = ir.Sampling(temperature=0, logit_bias=STOP)
    for row in range(rows):
        engine.insert([5 + (row + place) % 900 for place in range(prompt)], wanted, max_tokens=answer)
    left = rows * answer
    while left:
        left -= sum(isinstance(one, Token) for one in engine.step())
    booked = engine.cost.weights + engine.cost.of_rows([prompt + answer] * rows).whole
    assert booked / 4 < mx.get_peak_memory() <= booked


@pytest.mark.parametrize(("rows", "prompt", "answer"), [(1, 300, 20), (4, 200, 20)])
def test_none_that_judges_its_tokens_does_either(tmp_path: Path, rows: int, prompt: int, answer: int) -> None:
    folder = made(copy_demo(tmp_path, "org/wordy"), vocab_size=60_000)
    with bench(Installed("org/wordy", folder, "models", 0)) as running:
        engine = running.engine
        mx.reset_peak_memory()
        before = mx.get_active_memory()
        for _ in range(rows):
            likelihoods = Likelihoods(20, wants_prompt=True)
            wanted = ir.Sampling(temperature=1.0, logit_bias=STOP)
            engine.insert(
                [5 + place % 900 for place in range(prompt)], wanted, max_tokens=answer, likelihoods=likelihoods
            )
        left = rows * answer
        while left:
            left -= sum(isinstance(one, Token) for one in engine.step())
        booked = engine.cost.of_rows([prompt + answer] * rows, judged=rows * (1 + PIECE)).whole
        assert booked / 4 < mx.get_peak_memory() - before <= booked


def test_the_files_tell_what_the_weights_take(tmp_path: Path) -> None:
    found = find_one("mlxmanager/demo", tmp_path, tmp_path)
    assert found is not None
    with bench(found) as demo:
        assert demo.engine.cost.weights == found.needs - footprints.least(DEMO_FOLDER, 0)


def test_a_cache_of_plain_attention_is_keys_and_values(engine: AnyEngine) -> None:
    assert engine.cost.layers == (CacheLayer(0, 2 * 4 * 64 * 4),) * 4


def test_a_cache_that_keeps_a_window_is_bounded(tmp_path: Path) -> None:
    config = {
        "model_type": "gemma3_text",
        "sliding_window": 64,
        "sliding_window_pattern": 2,
        "query_pre_attn_scalar": 32,
        "rope_local_base_freq": 10000.0,
        "rope_global_base_freq": 10000.0,
        "rope_scaling": None,
    }
    folder = made(copy_demo(tmp_path, "org/sliding"), **config)
    model, _ = load_model(folder)
    model.set_dtype(mx.float32)
    sliding, plain = CacheLayer(0, 512, 64), CacheLayer(0, 512)
    assert loaded(loading.cache_layers(model)) == (sliding, plain, sliding, plain)
    assert [layer.bytes(1000) for layer in (sliding, plain)] == [64 * 512, 1000 * 512]


def test_weights_come_in_pieces_and_the_peak_is_hardly_above_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "PIECE_BYTES", 2**18)
    folder = copy_demo(tmp_path, "org/model")
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    pieces = loading.read_model(folder)
    taken = [mx.get_active_memory() - before for _ in pieces]
    assert len([size for size in taken if size]) > 8
    assert taken == sorted(taken)
    assert mx.get_peak_memory() - before < taken[-1] + 2**19


def test_a_model_that_is_given_up_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other models write meanwhile, and its tokenizer may take a second."""
    goes_on = threading.Event()
    monkeypatch.setattr(loading, "load_tokenizer", lambda *_, **__: goes_on.wait(20))
    pieces = loading.read_model(DEMO_FOLDER)
    next(pieces)
    began = time.monotonic()
    pieces.close()
    waited = time.monotonic() - began
    goes_on.set()
    assert waited < 5


def test_rows_are_as_long_as_the_longest_and_steps_are_taken_in_turn() -> None:
    cost = Cost(1000, (CacheLayer(10, 1),), Working(token=1, pair=0, row=5))
    assert cost.of_rows([]) == Need()
    assert cost.of_rows([600, 3]) == Need(held=2 * 778, passing=778 + 2 * footprints.CHUNK + 2 * 5)
    assert free(2000, [1000, 100], [Need(100, 50), Need(200, 300)]) == 300
