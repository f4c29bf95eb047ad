"""A request that crashes the worker, many times among others that do not: it is found out, and they are answered."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inference import sockets
from inference.backends.local import LocalBackend
from inference.errors import BackendError
from tests.gateway import Gateway, running_gateway
from tests.local_models import copy_demo

POISON = "test/poison"
# Of the demo model: so that it writes for many seconds, and is seen at work however busy the machine is.
NEVER_ENDING = {"max_tokens": 3000, "logit_bias": {"2": -100}}
POISONS, INNOCENTS, AT_ONCE = 20, 100, 24


class Crasher:
    """Kills the worker whenever the poisonous model is at work, as that model would do it itself on some machine."""

    def __init__(self, gateway: Gateway) -> None:
        self.crashes = 0
        self._gateway = gateway
        self._told = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._lie_in_wait()))

    def __enter__(self) -> "Crasher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._told.set()
        self._thread.join()

    async def _lie_in_wait(self) -> None:
        local = LocalBackend(sockets.socket_path(self._gateway.home))
        while not self._told.is_set():
            try:
                await local.ping()
                active = {model.name: model.active for model in (await local.status()).models}
            except BackendError:
                active = {}
            if active.get(POISON):
                [worker] = self._gateway.children("runworker")
                os.kill(worker, signal.SIGKILL)
                self.crashes += 1
                # The next process has another connection, and begins with no model.
                await local.aclose()
            await asyncio.sleep(0.02)
        await local.aclose()


def ask(gateway: Gateway, number: int) -> tuple[int, str]:
    """Every sixth is the poison, and it is always the same. An innocent one has got nothing before it has got all."""
    poisonous = number % ((POISONS + INNOCENTS) // POISONS) == 0
    text = "Count to 60." if poisonous else f"What is {number} plus 1?"
    asked = {"stream": poisonous and number % 12 == 0, "messages": [{"role": "user", "content": text}]}
    if poisonous:
        answer = gateway.post("/v1/chat/completions", asked | {"model": POISON} | NEVER_ENDING)
    else:
        answer = gateway.post("/v1/messages", asked | {"model": "demo", "max_tokens": 40})
    return answer.status_code, answer.text


@pytest.fixture
def endangered(tmp_path: Path) -> Iterator[Gateway]:
    copy_demo(tmp_path, POISON)
    with running_gateway(MLXMANAGER_MODELS_DIR=str(tmp_path)) as gateway:
        yield gateway


def test_a_poison_crashes_the_worker_twice_at_most_and_the_innocent_are_answered(endangered: Gateway) -> None:
    with Crasher(endangered) as crasher, ThreadPoolExecutor(AT_ONCE) as pool:
        first = list(pool.map(lambda number: ask(endangered, number), range(AT_ONCE)))
        later = list(pool.map(lambda number: ask(endangered, number), range(AT_ONCE, POISONS + INNOCENTS)))
    answers = first + later
    poisonous = [answer for number, answer in enumerate(answers) if number % 6 == 0]
    innocent = [answer for number, answer in enumerate(answers) if number % 6]
    assert crasher.crashes <= 2
    assert {status for status, _ in innocent} == {200}
    assert not [text for status, text in poisonous if status == 200 and '"error"' not in text]
    # Those that came after the first ones.
    assert {status for status, _ in poisonous[AT_ONCE // 6 :]} == {400}
    assert all("crashed the local worker twice" in text for status, text in poisonous if status == 400)
