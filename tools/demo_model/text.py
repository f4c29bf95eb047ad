"""Lessons to text and to tokens, through the chat template and a tokenizer trained on that very text."""

import json
import random
from pathlib import Path
from typing import Any

from jinja2 import Environment
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from tools.demo_model import words
from tools.demo_model.lessons import Lesson, lesson

TEMPLATE = (Path(__file__).parent / "chat_template.jinja").read_text(encoding="utf-8")
BEGIN = "<|im_start|>assistant\n"
END = "<|im_end|>"
PADDING = "<|endoftext|>"
SPECIAL = [
    *(PADDING, "<|im_start|>", END),
    *("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>"),
]
WORD_WEIGHT = 20


def to_json(value: Any, **_: Any) -> str:
    """As transformers has it in chat templates."""
    return json.dumps(value, ensure_ascii=False)


# The settings, too, are those of transformers; nothing of this is ever HTML.
ENVIRONMENT = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701
ENVIRONMENT.filters["tojson"] = to_json
RENDERED = ENVIRONMENT.from_string(TEMPLATE)


def prompt_and_answer(taught: Lesson, *, thinking: bool) -> tuple[str, str]:
    """What the model reads, and what it learns to write after it."""
    prompt = RENDERED.render(
        messages=taught.turns, tools=taught.tools, add_generation_prompt=True, enable_thinking=thinking
    )
    before = RENDERED.render(messages=taught.turns, tools=taught.tools) + BEGIN
    whole = RENDERED.render(messages=[*taught.turns, taught.answer], tools=taught.tools)
    answer = whole.removeprefix(before).rstrip("\n")
    return prompt, f"<think>\n{taught.thought}\n</think>\n\n{answer}" if thinking else answer


def random_pair(chance: random.Random) -> tuple[str, str]:
    return prompt_and_answer(lesson(chance), thinking=chance.random() < 0.5)


def train_tokenizer(*, seed: int, lessons: int, vocabulary: int) -> Tokenizer:
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=SPECIAL,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    texts = [text for _ in range(lessons) for text in random_pair(chance)]
    known = [*words.NAMES, *words.CITIES, *words.THINGS, *words.TOPICS, *words.PARAMETERS] * WORD_WEIGHT
    tokenizer.train_from_iterator([*texts, *known], trainer)
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": PADDING,
        "bos_token": None,
        "model_max_length": 4096,
        "clean_up_tokenization_spaces": False,
        "add_prefix_space": False,
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
