"""What is made of a worker that answers, one that does not, and one that is not there."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_django import Settings

from inference import restarts, sockets
from inference.backends.local import LocalBackend
from inference.local_states import worker_state
from inference.restarts import Restarts
from inference.worker_state import PATIENCE, Checkup, ask
from tests.gateway import short_home
from tests.workers import running_worker


@contextmanager
def silent_worker(home: Path) -> Iterator[Path]:
    """A socket like that of a worker that was stopped: it takes connections and says nothing."""
    path = sockets.socket_path(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield path


def test_nobody_waits_long_for_a_worker_that_says_nothing(settings: Settings) -> None:
    with short_home() as home, silent_worker(home):
        settings.HOME = home
        began = time.monotonic()
        state = worker_state()
        assert time.monotonic() - began < PATIENCE + 1
    assert state.status is None
    assert state.reason == "The local worker hangs: it has not answered for 2 s."


async def test_one_that_is_not_there_is_known_at_once_with_its_restarts(tmp_path: Path) -> None:
    restarts.write(tmp_path, restarts.WORKER, Restarts(3, "was ended by signal 9"))
    restarts.write(tmp_path, "web 1", Restarts(1, "ended with 1"))
    restarts.write(tmp_path, "web 2", Restarts(2, "ended with 1"))
    state = await ask(LocalBackend(tmp_path / "nobody.sock"), tmp_path)
    assert (state.status, state.reason) == (None, "The local worker does not run.")
    assert (state.own, state.of_web) == (Restarts(3, "was ended by signal 9"), 3)
    restarts.forget(tmp_path)
    assert restarts.read(tmp_path) == {}


async def test_many_who_look_cost_a_working_one_one_question(tmp_path: Path) -> None:
    with running_worker() as worker:
        local = LocalBackend(worker.socket)
        checkup = Checkup(local, tmp_path)
        first = await checkup.look()
        assert first.status is not None
        assert first.status.pid == worker.process.pid
        assert all([await checkup.look() is first for _ in range(20)])
        await local.aclose()
