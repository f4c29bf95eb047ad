"""What a page says of the worker."""

from inference.protocols import wire
from inference.restarts import Restarts
from inference.worker_state import WorkerState
from inference.worker_words import Resident, describe

STATUS = wire.Status(
    steps=9,
    step_seconds=0.1,
    active=3,
    waiting=2,
    loading="org/next",
    memory=3 * 2**30,
    models=(wire.LoadedModel("org/model", 2**30, 3),),
    budget=2**33,
    prefixes=wire.Prefixes(3, 1, 2**20, 2**30),
    reading=1,
    read=12000,
    written=3400,
    speed=71.25,
    pid=4711,
)


def test_a_worker_at_work_is_described_whole() -> None:
    words = describe(WorkerState(STATUS, None, {"worker": Restarts(2, "was ended by signal 9"), "web 1": Restarts(1)}))
    assert dict(words.facts) == {
        "Worker": "works, process 4711",
        "Loading": "org/next",
        "Memory": "3.0 GB of 8.0 GB",
        "Requests": "3 worked at, 1 of them with a prompt being read; 2 waiting",
        "Tokens": "71.2 written a second; 3,400 written and 12,000 of prompts read since its start",
        "Kept prefixes": "found for 3 of 4 prompts (75%); 1.0 MB in memory, 1.0 GB on disk",
        "Restarts": "2; the last one was ended by signal 9",
        "Restarts of web processes": "1",
    }
    assert words.residents == (Resident("org/model", "1.0 GB", 3),)


def test_of_one_that_hangs_there_is_its_reason() -> None:
    words = describe(WorkerState(None, "The local worker hangs: it has not answered for 2 s.", {}))
    assert words.facts == (("Worker", "The local worker hangs: it has not answered for 2 s."), ("Restarts", "0"))
    assert words.residents == ()
