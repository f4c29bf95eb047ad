"""Answers and embeddings on the one thread: each step of what is made is known, for scripted models make it."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from inference import ir
from inference.footprints import Working
from inference.installed import Installed
from inference.load_crashes import LoadCrashes
from inference.protocols import native, wire
from inference.worker.adapter import TokenizerWrapper
from inference.worker.batch import Batch
from inference.worker.embedding_batch import EmbeddingBatch
from inference.worker.engine import Begun, Token
from inference.worker.memory import Cost
from inference.worker.models import Models
from inference.worker.prompts import Prompt
from inference.worker.scheduler import Scheduler
from inference.worker.work import Caller, Inputs, Update, Work
from tests.inference.worker.bench import Kept
from tests.local_models import question

FREE = Cost(0, (), Working())
STREAMS = range(1, 5)
EMBEDDING = 9


class Writer:
    """An engine that writes a letter for each of its rows at every step, and notes that it did."""

    slots = 8
    window = 100_000
    needs_borders = False
    cost = FREE

    def __init__(self, tokenizer: TokenizerWrapper, made: list[str]) -> None:
        self.tokenizer = tokenizer
        self.rows: list[tuple[list[int], ir.Sampling, int]] = []
        self._made = made
        (self._letter,) = tokenizer.encode("a", add_special_tokens=False)

    def insert(self, prompt: list[int], wanted: ir.Sampling, *, max_tokens: int, **_: object) -> Begun:
        self.rows.append((prompt, wanted, max_tokens))
        return Begun(len(self.rows) - 1, 0)

    def step(self) -> Sequence[Token]:
        self._made.append("tokens")
        return [Token(row, self._letter, None) for row in range(len(self.rows))]

    def remove(self, row: int) -> None:
        del self.rows[row]

    def close(self) -> None:
        pass


class Vectors:
    """A model for embeddings that takes two steps for each piece, and notes them."""

    slots = 8
    is_encoder = True
    cost = FREE

    def __init__(self, made: list[str]) -> None:
        self._made = made

    def embed(self, rows: Sequence[Sequence[int]], sizes: Sequence[int], *, piece: int) -> Iterator[list[bytes] | None]:
        assert sum(map(len, rows)) <= piece
        self._made.append("piece")
        yield None
        self._made.append("piece")
        yield [bytes(size) for size in sizes]

    def close(self) -> None:
        pass


def test_two_hundred_texts_never_keep_a_stream_from_its_next_token(tokenizer: TokenizerWrapper) -> None:
    made: list[str] = []
    updates: list[Update] = []
    installed = {
        "writes": Installed("writes", Path(), "models", 0),
        "embeds": Installed("embeds", Path(), "models", 0, kind="embedding"),
    }
    batches: dict[str, Batch | EmbeddingBatch] = {
        "writes": Batch(Writer(tokenizer, made)),
        "embeds": EmbeddingBatch(Vectors(made)),
    }
    crashes = LoadCrashes(None)
    resident = Models(installed.get, lambda model: iter([batches[model.name]]), budget=0, kept=Kept(0), crashes=crashes)
    scheduler = Scheduler(resident, updates.extend, queue_limit=9, queue_tokens=9, memory=lambda: 0)
    job = native.Job(question("Hello", model="writes", max_tokens=90_000), thinking=False)
    prompt = Prompt(tokenizer.encode("Hello"), thinks=False, goes_on=False)
    for number in STREAMS:
        scheduler.submit(Work(Caller(None, number), "", job, time.monotonic() + 60, prompt))
    inputs = Inputs("embeds", [[1] * 60 for _ in range(200)], 1)
    scheduler.submit(Work(Caller(None, EMBEDDING), "", inputs, time.monotonic() + 60))
    scheduler.start()
    while not any(isinstance(update.content, wire.Result) for update in list(updates)):
        time.sleep(0.001)
    assert scheduler.stop(5)
    first, last = made.index("piece"), len(made) - made[::-1].index("piece")
    during = made[first:last]
    assert during.count("piece") >= 8
    assert during == ["piece", "tokens"] * (during.count("piece") - 1) + ["piece"]
