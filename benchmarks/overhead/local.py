"""What the gateway takes to hand on the tokens of a local model: the real worker, and a copy of the demo model."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine.model import copy_endless
from benchmarks.engine.pace import TOKENS, Pace, questions, whole_path
from benchmarks.engine.servers import MODEL, gateway
from inference.installed import DEMO_FOLDER
from tests.gateway import Gateway

STREAMS = (1, 8)


@dataclass(frozen=True, slots=True)
class Local:
    """A gateway whose worker has the model of this folder."""

    started: Gateway
    model: Path

    async def measured(self, streams: int, rounds: int) -> list[Pace]:
        await whole_path(self.started, questions(self.model, "warm", streams), TOKENS)
        return [
            await whole_path(self.started, questions(self.model, f"round {number}", streams), TOKENS)
            for number in range(rounds)
        ]


@contextmanager
def local() -> Iterator[Local]:
    with tempfile.TemporaryDirectory() as models:
        model = copy_endless(DEMO_FOLDER, Path(models) / MODEL, single=False)
        with gateway(Path(models)) as started:
            yield Local(started, model)
