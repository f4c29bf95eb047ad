"""Puts the weights of an adapter beside those of its model."""

from typing import Any

import mlx.core as mx

from inference import adapters
from inference.adapters import Adapter
from inference.model_files import FilesError
from inference.worker.adapter import insert_lora, parameters

PARTS = ("lora_a", "lora_b")
SHOWN = 100


def adapt(model: Any, adapter: Adapter) -> None:
    """Raises FilesError where the weights are of another model."""
    _, wanted = adapters.read(adapter.folder)
    weights = mx.load(str(adapter.folder / adapters.WEIGHTS))
    assert isinstance(weights, dict)
    places = {name.rpartition(".")[0] for name in weights}
    try:
        insert_lora(model, places, rank=wanted.rank, scale=wanted.scale)
    except ValueError as error:
        raise FilesError(f"its {adapters.WEIGHTS} does not suit {adapter.base} ({str(error)[:SHOWN]})") from error
    expected = {name: array.shape for name, array in parameters(model).items() if name.rpartition(".")[2] in PARTS}
    # In both directions: what is left out would be random numbers.
    for name in sorted(expected.keys() | weights.keys()):
        check(name, weights.get(name), expected.get(name), base=adapter.base)
    model.load_weights(list(weights.items()), strict=False)


def check(name: str, given: mx.array | None, expected: tuple[int, ...] | None, *, base: str) -> None:
    where = f"its {adapters.WEIGHTS}"
    if expected is None:
        raise FilesError(f"{where} has {name[:SHOWN]}, for which {base} has no place")
    if given is None:
        raise FilesError(f"{where} lacks {name[:SHOWN]}")
    if given.shape != expected:
        raise FilesError(f"{where} has {name[:SHOWN]} of shape {given.shape}, where {base} needs {expected}")
