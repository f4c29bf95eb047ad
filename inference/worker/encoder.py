"""BERT and RoBERTa as encoders, in MLX: tokens to states that see the whole text. Reads the weights as published."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import mlx.core as mx
import msgspec

from inference.installed import weights


class Quantization(msgspec.Struct, frozen=True):
    group_size: int
    bits: int


class Shape(msgspec.Struct, frozen=True):
    """What `config.json` says of the model."""

    num_hidden_layers: int
    num_attention_heads: int
    layer_norm_eps: float = 1e-12
    hidden_act: str = "gelu"
    position_embedding_type: str = "absolute"
    quantization: Quantization | None = None


def gelu(states: mx.array) -> mx.array:
    return states * (1 + mx.erf(states / math.sqrt(2))) / 2


def gelu_tanh(states: mx.array) -> mx.array:
    return states * (1 + mx.tanh(math.sqrt(2 / math.pi) * (states + 0.044715 * states**3))) / 2


def relu(states: mx.array) -> mx.array:
    return mx.maximum(states, 0)


ACTIVATIONS: dict[str, Callable[[mx.array], mx.array]] = {
    "gelu": gelu,
    "gelu_new": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "relu": relu,
}


class Encoder:
    def __init__(self, folder: Path, *, first_position: int, dtype: mx.Dtype | None) -> None:
        """Computes with numbers of this `dtype`; None: as the files have them. Positions begin at `first_position`."""
        self._shape = msgspec.json.decode((folder / "config.json").read_bytes(), type=Shape)
        if self._shape.position_embedding_type != "absolute":
            raise ValueError(f"positions of the kind {self._shape.position_embedding_type} are not supported")
        self._activate = ACTIVATIONS[self._shape.hidden_act]
        self._first = first_position
        self._weights = read_weights(folder, dtype)

    @property
    def arrays(self) -> list[mx.array]:
        """The weights."""
        return list(self._weights.values())

    def states(self, tokens: mx.array, mask: mx.array | None) -> Iterator[mx.array]:
        """After each layer. `mask` is true where a token may be seen."""
        places = mx.arange(self._first, self._first + tokens.shape[1])
        found = self._rows("embeddings.word_embeddings", tokens)
        found = found + self._rows("embeddings.position_embeddings", places)
        found = found + self._rows("embeddings.token_type_embeddings", mx.array(0))
        states = self._norm("embeddings.LayerNorm", found)
        for number in range(self._shape.num_hidden_layers):
            states = self._layer(f"encoder.layer.{number}", states, mask)
            yield states

    def _layer(self, name: str, states: mx.array, mask: mx.array | None) -> mx.array:
        seen = self._linear(f"{name}.attention.output.dense", self._attend(f"{name}.attention.self", states, mask))
        states = self._norm(f"{name}.attention.output.LayerNorm", states + seen)
        inner = self._activate(self._linear(f"{name}.intermediate.dense", states))
        return self._norm(f"{name}.output.LayerNorm", states + self._linear(f"{name}.output.dense", inner))

    def _attend(self, name: str, states: mx.array, mask: mx.array | None) -> mx.array:
        split = (*states.shape[:2], self._shape.num_attention_heads, -1)
        queries, keys, values = (
            self._linear(f"{name}.{part}", states).reshape(split).swapaxes(1, 2) for part in ("query", "key", "value")
        )
        scale = 1 / math.sqrt(queries.shape[-1])
        seen = mx.fast.scaled_dot_product_attention(queries, keys, values, scale=scale, mask=mask)
        return seen.swapaxes(1, 2).reshape(states.shape)

    def _norm(self, name: str, states: mx.array) -> mx.array:
        gain, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return mx.fast.layer_norm(states, gain, bias, self._shape.layer_norm_eps)

    def _linear(self, name: str, states: mx.array) -> mx.array:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        scales, quantized = self._weights.get(f"{name}.scales"), self._shape.quantization
        if scales is None or quantized is None:
            return mx.addmm(bias, states, weight.T)
        offsets = self._weights[f"{name}.biases"]
        return mx.quantized_matmul(states, weight, scales, offsets, True, quantized.group_size, quantized.bits) + bias

    def _rows(self, name: str, numbers: mx.array) -> mx.array:
        weight = self._weights[f"{name}.weight"]
        scales, quantized = self._weights.get(f"{name}.scales"), self._shape.quantization
        if scales is None or quantized is None:
            return weight[numbers]
        offsets = self._weights[f"{name}.biases"][numbers]
        return mx.dequantize(weight[numbers], scales[numbers], offsets, quantized.group_size, quantized.bits)


def read_weights(folder: Path, dtype: mx.Dtype | None) -> dict[str, mx.array]:
    found: dict[str, mx.array] = {}
    for file in weights(folder):
        arrays = mx.load(str(file))
        assert isinstance(arrays, dict)
        found |= {own_name(name): array for name, array in arrays.items()}
    if dtype is None:
        return found
    return {
        name: array.astype(dtype) if mx.issubdtype(array.dtype, mx.floating) else array for name, array in found.items()
    }


def own_name(name: str) -> str:
    """Without the prefix that a model with a head has, and with today's names for old ones."""
    for prefix in ("bert.", "roberta."):
        name = name.removeprefix(prefix)
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
