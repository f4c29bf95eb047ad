"""Makes the demo model anew: `python -m tools.demo_model FOLDER`. Minutes on a Mac, an hour or more on a CPU."""

import argparse
from pathlib import Path

from tools.demo_model.text import save_tokenizer, train_tokenizer
from tools.demo_model.training import Plan, save_model, train

VOCABULARY = 1024
TOKENIZER_LESSONS = 6000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.demo_model", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the model's files go")
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=7, help="the same seed and machine give the same model")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    plan = Plan(steps=options.steps, seed=options.seed)
    tokenizer = train_tokenizer(seed=plan.seed, lessons=TOKENIZER_LESSONS, vocabulary=VOCABULARY)
    save_tokenizer(tokenizer, options.folder)
    save_model(train(plan, tokenizer), plan, tokenizer, options.folder)


main()
