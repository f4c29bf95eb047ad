"""Embedding models in MLX, against the same computed without it, one text at a time."""

from collections.abc import Callable, Sequence
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from inference.worker import embedder as embedders
from inference.worker.adapter import load_model
from inference.worker.embedder import Embedder
from tests.embedding_models import Array, demo_embedder, states, tiny_bert, tokens, unit
from tests.local_models import loaded

TEXTS = ("hello world", "a", "the quick brown fox jumps over it 42", "hello")
ROWS = [tokens(text) for text in TEXTS]
WHOLE = 10_000


def load(folder: Path) -> Embedder:
    return loaded(embedders.load(folder, slots=1))


def embed(embedder: Embedder, rows: Sequence[Sequence[int]], *, size: int = 24, piece: int = WHOLE) -> list[Array]:
    *pauses, vectors = embedder.embed(rows, [size] * len(rows), piece=piece)
    assert set(pauses) <= {None}
    assert vectors is not None
    return [np.frombuffer(vector, "<f4") for vector in vectors]


def assert_close(found: Sequence[Array], expected: Sequence[Array], most: float = 1e-5) -> None:
    assert [vector.shape for vector in found] == [vector.shape for vector in expected]
    assert max(float(np.abs(one - other).max()) for one, other in zip(found, expected, strict=True)) < most


def test_texts_of_different_lengths_in_one_batch_are_what_they_are_alone(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path, "org/model")
    assert_close(embed(load(folder), ROWS), [unit(states(folder, row).mean(0)) for row in ROWS])


@pytest.mark.parametrize(("flag", "place"), [("cls_token", 0), ("lasttoken", -1)])
def test_one_tokens_state_stands_for_the_text(tmp_path: Path, flag: str, place: int) -> None:
    folder = tiny_bert(tmp_path, "org/model", pooling=flag)
    assert_close(embed(load(folder), ROWS), [unit(states(folder, row)[place]) for row in ROWS])


def test_vectors_are_as_long_as_they_are_where_they_are_not_normalised(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path, "org/model", normalise=False)
    expected = [states(folder, row).mean(0) for row in ROWS]
    assert abs(np.linalg.norm(expected[0]) - 1) > 0.1
    assert_close(embed(load(folder), ROWS), expected)


@pytest.mark.parametrize("normalise", [True, False])
def test_a_vector_that_is_cut_is_normalised_again(tmp_path: Path, normalise: bool) -> None:
    folder = tiny_bert(tmp_path, "org/model", normalise=normalise)
    found = embed(load(folder), ROWS, size=10)
    assert_close(found, [unit(states(folder, row).mean(0)[:10]) for row in ROWS])


@pytest.mark.parametrize(("model_type", "pad"), [("roberta", 1), ("xlm-roberta", 4)])
def test_the_positions_of_roberta_are_its_own(tmp_path: Path, model_type: str, pad: int) -> None:
    folder = tiny_bert(tmp_path, "org/model", model_type=model_type, pad_token_id=pad, type_vocab_size=1)
    assert_close(embed(load(folder), ROWS), [unit(states(folder, row).mean(0)) for row in ROWS])


def test_weights_with_a_head_and_old_names_are_read(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path, "org/model")
    expected = [unit(states(folder, row).mean(0)) for row in ROWS]
    file = folder / "model.safetensors"
    old = {
        f"bert.{name}".replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"): array
        for name, array in load_file(file).items()
    }
    head = {"cls.predictions.bias": np.zeros(3, np.float32), "bert.pooler.dense.bias": np.zeros(3, np.float32)}
    save_file(old | head | {"bert.embeddings.position_ids": np.arange(48)}, file)
    assert_close(embed(load(folder), ROWS), expected)


def test_quantised_weights_are_read(tmp_path: Path) -> None:
    folder = tiny_bert(
        tmp_path,
        "org/model",
        hidden_size=96,
        intermediate_size=64,
        quantization={"group_size": 32, "bits": 8},
    )
    plain = [unit(states(folder, row).mean(0)) for row in ROWS]
    arrays = {name: mx.array(array) for name, array in load_file(folder / "model.safetensors").items()}
    for name in [name for name, array in arrays.items() if array.ndim == 2 and "token_type" not in name]:
        weight, scales, biases = mx.quantize(arrays[name], 32, 8)
        stem = name.removesuffix(".weight")
        arrays |= {name: weight, f"{stem}.scales": scales, f"{stem}.biases": biases}
    mx.save_safetensors(str(folder / "model.safetensors"), arrays)
    assert_close(embed(load(folder), ROWS, size=96), plain, most=0.02)


def test_missing_weights_are_found_out_at_once(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path, "org/model")
    arrays = load_file(folder / "model.safetensors")
    del arrays["encoder.layer.1.output.dense.bias"]
    save_file(arrays, folder / "model.safetensors")
    with pytest.raises(KeyError, match=r"encoder\.layer\.1\.output\.dense\.bias"):
        load(folder)


def test_a_text_longer_than_a_piece_makes_pauses_and_the_same_vector(tmp_path: Path) -> None:
    embedder = load(tiny_bert(tmp_path, "org/model"))
    row = ROWS[2]
    assert len(list(embedder.embed([row], [24], piece=len(row)))) == 1
    assert len(list(embedder.embed([row], [24], piece=len(row) - 1))) == 3
    assert_close(embed(embedder, [row], piece=8), embed(embedder, [row]))


def last_states(folder: Path, rows: Sequence[Sequence[int]]) -> list[Array]:
    """From the whole model, one text at a time, without padding or cache."""
    model, _ = load_model(folder)
    model.set_dtype(mx.float32)
    return [unit(np.array(model.model(mx.array([row]))[0, -1])) for row in rows]


@pytest.mark.parametrize("piece", [WHOLE, 64, 7])
def test_a_decoders_last_state_stands_for_the_text(tmp_path: Path, piece: int) -> None:
    folder = demo_embedder(tmp_path, "org/model")
    embedder = load(folder)
    rows = [list(range(40, 40 + length)) for length in (3, 17, 1, 60)]
    expected = last_states(folder, rows)
    if piece == WHOLE:
        assert_close(embed(embedder, rows, size=128), expected, most=1e-4)
    else:
        alone = [embed(embedder, [row], size=128, piece=piece)[0] for row in rows]
        assert_close(alone, expected, most=1e-4)


def test_a_decoder_published_without_its_head_is_read(tmp_path: Path) -> None:
    folder = demo_embedder(tmp_path, "org/model", tie_word_embeddings=False)
    file = folder / "model.safetensors"
    save_file({name.removeprefix("model."): array for name, array in load_file(file).items()}, file)
    (tied := tmp_path / "tied").mkdir()
    expected = last_states(demo_embedder(tied, "org/model"), [[40, 41, 42]])
    assert_close(embed(load(folder), [[40, 41, 42]], size=128), expected, most=1e-4)


@pytest.mark.parametrize("make", [tiny_bert, demo_embedder])
def test_a_closed_model_leaves_no_memory_behind(tmp_path: Path, make: Callable[[Path, str], Path]) -> None:
    before = mx.get_active_memory()
    embedder = load(make(tmp_path, "org/model"))
    assert mx.get_active_memory() > before
    embedder.close()
    assert mx.get_active_memory() <= before
