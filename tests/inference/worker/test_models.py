"""How models are brought into memory beside those that answer."""

import time
from collections.abc import Iterator
from pathlib import Path

from inference.installed import Installed
from inference.load_crashes import LoadCrashes
from inference.protocols import wire
from inference.worker.models import LEAST_SECONDS, MOST_SECONDS, Models
from inference.worker.plans import Plan
from tests.inference.worker.bench import Kept


def test_a_model_is_loaded_no_longer_at_a_time_than_others_need_for_a_step() -> None:
    taken: list[int] = []
    installed = Installed("one", Path(), "models", 0)

    def load(_: Plan) -> Iterator[None]:
        while True:
            taken.append(1)
            time.sleep(0.001)
            yield None

    models = Models({"one": installed}.get, load, budget=1, kept=Kept(0), crashes=LoadCrashes(None))
    models.configure([wire.ModelOptions("one", preload=True)])
    models.advance(0.001)
    assert 1 <= len(taken) <= 1 + LEAST_SECONDS / 0.001
    before = len(taken)
    models.advance(60)
    assert len(taken) - before <= 1 + MOST_SECONDS / 0.001
