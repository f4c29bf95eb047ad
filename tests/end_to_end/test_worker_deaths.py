"""The worker is killed and stopped over and over under load: every request still ends as its protocol has it."""

import os
import random
import signal
import statistics
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
import pytest

from inference import sockets
from tests.end_to_end.conftest import PROVIDER_KEY, cloud_config
from tests.gateway import Gateway, running_gateway, wait_until
from tests.upstreams import Upstream

CLIENTS = 6
# How often the worker is killed; it is stopped a fifth as often. More take their time: KILLS=50 make test.
KILLS = int(os.environ.get("KILLS", "3"))
STOPS = max(1, KILLS // 5)
ENDINGS = {"/v1/chat/completions": "data: [DONE]", "/v1/messages": "event: message_stop"}


@dataclass
class Load:
    """Clients that ask one request after the other, of every kind, until they are told; and how each ended."""

    gateway: Gateway
    seed: int
    told: threading.Event = field(default_factory=threading.Event)
    endings: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def run(self, client: int) -> None:
        dice = random.Random(f"{self.seed} {client}")
        while not self.told.is_set():
            path, stream = dice.choice(list(ENDINGS)), dice.random() < 0.5
            asked = {
                # One has a fallback, the other has none.
                "model": dice.choice(["local-first", "demo"]),
                "max_tokens": 300,
                "stream": stream,
                "messages": [{"role": "user", "content": f"Count to {dice.randrange(5, 60)}. {dice.random()}"}],
            }
            try:
                answer = self.gateway.post(path, asked)
            except httpx2.HTTPError as error:
                self.wrong.append(f"{path} {stream} {error!r}")
                continue
            ending = judge(path, answer, stream=stream)
            self.endings[ending] += 1
            if ending == "wrong":
                self.wrong.append(f"{path} {answer.status_code} {answer.text[-300:]}")
            time.sleep(dice.random() * 0.1)


def judge(path: str, answer: httpx2.Response, *, stream: bool) -> str:
    if answer.status_code != 200:
        code = answer.json()["error"]
        return "refused" if code["type"] and answer.status_code in (503, 529, 400) else "wrong"
    whole = ENDINGS[path] in answer.text if stream else "error" not in answer.json()
    failed = "event: error" in answer.text or '"error":' in answer.text
    if stream and failed:
        return "wrong" if '"finish_reason":"stop"' in answer.text or "message_stop" in answer.text else "error event"
    return "answered" if whole else "wrong"


def endure(gateway: Gateway, *, kills: int, stops: int, seed: int) -> tuple[Load, list[float], list[float]]:
    """The load, how many seconds each killed worker was away, and how long each stopped one was not found."""
    load = Load(gateway, seed)
    clients = [threading.Thread(target=load.run, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    dice = random.Random(seed)
    deaths = [signal.SIGKILL] * kills + [signal.SIGSTOP] * stops
    dice.shuffle(deaths)
    away: list[float] = []
    unfound: list[float] = []
    for number in deaths:
        time.sleep(dice.random() * 1.5)
        [worker] = gateway.children("runworker")
        os.kill(worker, number)
        began = time.monotonic()
        wait_until(lambda gone=worker: gone not in gateway.children("runworker"), seconds=20)  # type: ignore[misc]
        if number is signal.SIGSTOP:
            unfound.append(time.monotonic() - began)
        began = time.monotonic()
        wait_until(lambda: gateway.children("runworker") != [], seconds=20)
        gateway.wait_for_worker()
        away.append(time.monotonic() - began)
    load.told.set()
    for client in clients:
        client.join()
    return load, away, unfound


def descendants(pid: int) -> set[int]:
    """The process and all that it started, and they started."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    found = {pid}
    while more := {child for child, parent in pairs if parent in found} - found:
        found |= more
    return found


def is_running(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip() != "" and not state.stdout.startswith("Z")


@pytest.fixture
def mortal(cloud: Upstream) -> Iterator[Gateway]:
    with running_gateway() as gateway:
        gateway.configure(cloud_config(cloud), PROVIDER_KEY=PROVIDER_KEY)
        yield gateway


def test_every_request_ends_however_often_the_worker_dies(mortal: Gateway) -> None:
    load, away, unfound = endure(mortal, kills=KILLS, stops=STOPS, seed=20)
    times = f"away {statistics.median(away):.1f} s, at most {max(away):.1f}; stopped and not found {max(unfound):.1f} s"
    print(f"{KILLS} kills, {STOPS} stops, {dict(load.endings)}; {times}")
    assert load.wrong == []
    assert load.endings["answered"] > 0
    assert max(unfound) < 10
    assert len(mortal.children("runworker")) == 1
    assert sockets.socket_path(mortal.home).exists()
    assert mortal.ready()["parts"]["worker"]["restarts"] == KILLS + STOPS


def test_nothing_outlives_a_killed_worker_or_a_killed_serve() -> None:
    with running_gateway() as gateway:
        [worker] = gateway.children("runworker")
        first = descendants(worker)
        # The worker, and the process that renders its chat templates.
        assert len(first) == 2
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: not any(map(is_running, first)), seconds=5)
        gateway.wait_for_worker()
        everything = descendants(gateway.process.pid)
        assert len(everything) >= 4
        gateway.process.kill()
        gateway.process.wait()
        wait_until(lambda: not any(map(is_running, everything)), seconds=5)
