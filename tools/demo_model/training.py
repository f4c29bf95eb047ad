"""Trains a small Qwen3 on the lessons. The loss is on the answers alone."""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim
from mlx import nn
from mlx.nn.utils import value_and_grad
from mlx_lm.models import qwen3
from tokenizers import Tokenizer

from tools.demo_model.text import END, SPECIAL, random_pair

POOL = 256
PADDED_TO = 32
WARM_UP_STEPS = 50
REPORT_EVERY = 50


@dataclass(frozen=True, slots=True)
class Plan:
    """`tokens` per step."""

    steps: int
    seed: int = 7
    tokens: int = 2048
    rate: float = 3e-3
    hidden: int = 128
    layers: int = 4


type Row = tuple[list[int], int]  # Tokens, and where the answer begins.


def config(plan: Plan, tokenizer: Tokenizer) -> dict[str, Any]:
    return {
        "model_type": "qwen3",
        "architectures": ["Qwen3ForCausalLM"],
        "hidden_size": plan.hidden,
        "num_hidden_layers": plan.layers,
        "intermediate_size": 3 * plan.hidden,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "rms_norm_eps": 1e-6,
        "vocab_size": tokenizer.get_vocab_size(),
        "max_position_embeddings": 4096,
        "rope_theta": 10000.0,
        "tie_word_embeddings": True,
        "eos_token_id": tokenizer.token_to_id(END),
        "bos_token_id": None,
        "torch_dtype": "float16",
    }


def copying(chance: random.Random, vocabulary: int) -> Row:
    """Random tokens that come twice: early on, these teach the model to look back and copy."""

    def noise(least: int, most: int) -> list[int]:
        return [chance.randrange(len(SPECIAL), vocabulary) for _ in range(chance.randint(least, most))]

    part = noise(8, 40)
    before = [*noise(0, 12), *part, *noise(0, 12)]
    return [*before, *part], len(before) + 1


def row(chance: random.Random, tokenizer: Tokenizer, progress: float) -> Row:
    """A lesson; or a row to copy, the less often the further the training is."""
    if chance.random() < max(0.0, 0.8 - 1.5 * progress):
        return copying(chance, tokenizer.get_vocab_size())
    prompt, answer = (tokenizer.encode(text).ids for text in random_pair(chance))
    return [*prompt, *answer], len(prompt)


def batches(plan: Plan, tokenizer: Tokenizer) -> Iterator[list[Row]]:
    """Rows of like length together, so that little is padding."""
    chance = random.Random(plan.seed + 1)  # noqa: S311 - reproducible, not secret
    step = 0
    while step < plan.steps:
        rows = sorted((row(chance, tokenizer, step / plan.steps) for _ in range(POOL)), key=lambda made: len(made[0]))
        groups = list(grouped(rows, plan.tokens))
        chance.shuffle(groups)
        yield from groups[: plan.steps - step]
        step += len(groups)


def grouped(rows: list[Row], tokens: int) -> Iterator[list[Row]]:
    group: list[Row] = []
    for made in rows:
        if group and (len(group) + 1) * len(made[0]) > tokens:
            yield group
            group = []
        group.append(made)
    yield group


def arrays(group: list[Row]) -> tuple[mx.array, mx.array, mx.array]:
    """Token ids, padded; the positions just ahead of the answers' tokens, counted over all rows; and those tokens."""
    longest = max(len(tokens) for tokens, _ in group)
    width = -(-longest // PADDED_TO) * PADDED_TO
    ids = [tokens + [0] * (width - len(tokens)) for tokens, _ in group]
    learnt = [
        (number * width + place, tokens[place])
        for number, (tokens, begin) in enumerate(group)
        for place in range(begin, len(tokens))
    ]
    return mx.array(ids), mx.array([place - 1 for place, _ in learnt]), mx.array([token for _, token in learnt])


def loss(model: qwen3.Model, ids: mx.array, places: mx.array, wanted: mx.array) -> mx.array:
    hidden = model.model(ids).flatten(0, 1)[places]
    logits = model.model.embed_tokens.as_linear(hidden)
    return nn.losses.cross_entropy(logits, wanted, reduction="mean")


def train(plan: Plan, tokenizer: Tokenizer) -> qwen3.Model:
    mx.random.seed(plan.seed)
    model = qwen3.Model(qwen3.ModelArgs.from_dict(config(plan, tokenizer)))
    optimizer = optim.AdamW(learning_rate=plan.rate, betas=[0.9, 0.98], weight_decay=0.01)
    gradients: Callable[..., Any] = value_and_grad(model, loss)
    began = time.monotonic()
    for step, group in enumerate(batches(plan, tokenizer)):
        left = 1 - step / plan.steps
        optimizer.learning_rate = plan.rate * min(1.0, (step + 1) / WARM_UP_STEPS, left / 0.4)
        cost, slope = gradients(model, *arrays(group))
        optimizer.update(model, optim.clip_grad_norm(slope, 1.0)[0])
        mx.eval(model.state, optimizer.state, cost)
        if step % REPORT_EVERY == 0:
            print(f"step {step} of {plan.steps}  loss {cost.item():.3f}  {time.monotonic() - began:.0f} s", flush=True)
    return model


def save_model(model: qwen3.Model, plan: Plan, tokenizer: Tokenizer, folder: Path) -> None:
    model.set_dtype(mx.float16)
    model.save_weights(str(folder / "model.safetensors"))
    settings = config(plan, tokenizer)
    (folder / "config.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")
    generation = {"eos_token_id": settings["eos_token_id"], "temperature": 0.0}
    (folder / "generation_config.json").write_text(json.dumps(generation), encoding="utf-8")
