"""The builder of the demo model: the same kind of folder as the one that ships, from a run of a few steps."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from inference.installed import DEMO_FOLDER, find
from tests.engines import bench
from tools.demo_model.lessons import LESSONS, Lesson
from tools.demo_model.text import BEGIN, TEMPLATE, prompt_and_answer, save_tokenizer, train_tokenizer
from tools.demo_model.training import Plan, save_model, train

SHORT = Plan(steps=4, tokens=512, hidden=32, layers=1)


def shipped(file: str) -> dict[str, object]:
    settings: dict[str, object] = json.loads((DEMO_FOLDER / file).read_text())
    return settings


def test_the_template_is_the_shipped_one() -> None:
    assert shipped("tokenizer_config.json")["chat_template"] == TEMPLATE


@pytest.mark.parametrize("teach", LESSONS, ids=lambda teach: teach.__name__)
@pytest.mark.parametrize("thinking", [True, False])
def test_an_answer_follows_its_prompt(teach: Callable[[random.Random], Lesson], thinking: bool) -> None:
    for seed in range(20):
        prompt, answer = prompt_and_answer(teach(random.Random(seed)), thinking=thinking)
        assert prompt.endswith(BEGIN if thinking else f"{BEGIN}<think>\n\n</think>\n\n")
        assert answer.startswith("<think>\n") == thinking
        assert answer.endswith("<|im_end|>")


def test_a_short_run_makes_a_model_that_the_engine_runs(tmp_path: Path) -> None:
    folder = tmp_path / "org" / "made"
    folder.mkdir(parents=True)
    tokenizer = train_tokenizer(seed=1, lessons=100, vocabulary=600)
    save_tokenizer(tokenizer, folder)
    save_model(train(SHORT, tokenizer), SHORT, tokenizer, folder)

    made = find(tmp_path, tmp_path / "none")["org/made"]
    assert made.problem is None
    assert made.size > 0
    assert {path.name for path in folder.iterdir()} == {path.name for path in DEMO_FOLDER.iterdir()}
    assert shipped("config.json").keys() == json.loads((folder / "config.json").read_text()).keys()
    with bench(made) as engine:
        ((written,), _) = engine.write([1, 2, 3], most=3)
    assert 1 <= len(written) <= 3
