"""The engine alone: the worker's own batch in a process of its own, with nothing around it.

Run as `python -m benchmarks.engine.alone FOLDER`. Each line it is given is a number of rows and of tokens; it writes
so many at once and answers with the tokens a second of all rows together, from the first token on.
"""

import sys
import time
from pathlib import Path
from typing import Any

from inference import footprints
from inference.worker.adapter import BatchGenerator
from inference.worker.generator import Generator
from inference.worker.loading import read_model
from tests.local_models import loaded

# As many as a short question has.
PROMPT = 20


def main() -> None:
    model, config, _ = loaded(read_model(Path(sys.argv[1])))
    print("ready", flush=True)
    for line in sys.stdin:
        rows, tokens = map(int, line.split())
        print(decode(model, rows=rows, tokens=tokens, vocabulary=config["vocab_size"]), flush=True)


def decode(model: Any, *, rows: int, tokens: int, vocabulary: int) -> float:
    batch: BatchGenerator = Generator(model, prefill_step_size=footprints.CHUNK)
    prompts = [[(7 * row + 3 * place) % vocabulary for place in range(PROMPT)] for row in range(rows)]
    batch.insert(prompts, max_tokens=[tokens] * rows)
    while not (answers := batch.next()[1]):
        pass
    began, written = time.perf_counter(), 0
    while written < rows * (tokens - 1):
        answers = batch.next()[1]
        written += len(answers)
    rate = written / (time.perf_counter() - began)
    batch.close()
    return rate


if __name__ == "__main__":
    main()
