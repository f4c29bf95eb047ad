"""When the models' thread begins with what waits."""

import math
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from inference.worker import inbox
from inference.worker.inbox import Inbox
from inference.worker.work import Caller, Wish, Work

LONG = 5.0


def work(number: int) -> Work:
    return Work(Caller(None, number), "", Wish("a model"), math.inf)


@pytest.fixture
def box() -> Inbox:
    return Inbox(most=10, tokens=1000)


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as thread:
        yield thread


def test_those_who_come_at_the_same_time_begin_together(
    box: Inbox, thread: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "TOGETHER", LONG)
    is_read = threading.Event()

    def come() -> None:
        with box.expecting():
            box.submit(work(1))
            is_read.wait(LONG)
            box.submit(work(2))

    coming = thread.submit(come)
    threading.Timer(0.1, is_read.set).start()
    box.wait(0, LONG)
    assert [one.caller.id for one in box.in_order()] == [1, 2]
    coming.result()


def test_nobody_waits_long_for_another(box: Inbox) -> None:
    with box.expecting():
        box.submit(work(1))
        began = time.monotonic()
        box.wait(0, LONG)
        assert time.monotonic() - began < LONG / 2


def test_one_alone_begins_at_once(box: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "TOGETHER", LONG)
    with box.expecting():
        box.submit(work(1))
    began = time.monotonic()
    box.wait(0, LONG)
    assert time.monotonic() - began < LONG / 2
