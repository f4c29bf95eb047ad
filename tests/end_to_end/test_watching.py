"""A worker that hangs is found, ended and replaced, at rest and at work; and `ready` says what it knows."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2

from tests.end_to_end.questions import CAPITAL
from tests.gateway import Gateway, wait_until

FOUND_WITHIN = 10.0
QUESTION = {"model": "demo", "messages": [{"role": "user", "content": CAPITAL}]}
COUNTING = {"model": "demo", "stream": True, "messages": [{"role": "user", "content": "Count to 60."}]}


def stop_and_wait(gateway: Gateway, worker: int) -> None:
    """Stop the worker as a debugger would, and wait until `serve` has ended it."""
    os.kill(worker, signal.SIGSTOP)
    stopped = time.monotonic()
    wait_until(lambda: worker not in gateway.children("runworker"), seconds=FOUND_WITHIN + 5)
    assert time.monotonic() - stopped < FOUND_WITHIN


def test_a_stopped_worker_is_replaced_while_it_rests(gateway: Gateway) -> None:
    [worker] = gateway.children("runworker")
    restarts = gateway.ready()["parts"]["worker"]["restarts"]
    with ThreadPoolExecutor() as pool:
        stopping = pool.submit(stop_and_wait, gateway, worker)
        wait_until(lambda: gateway.ready()["parts"]["worker"]["status"] == "unavailable", seconds=FOUND_WITHIN)
        assert gateway.ready()["status"] != "ok"
        stopping.result()
    gateway.wait_for_worker()
    part = gateway.ready()["parts"]["worker"]
    assert part["restarts"] == restarts + 1
    assert part["last_end"] == "The local worker was killed: it has fallen silent."
    assert "Paris" in gateway.post("/v1/chat/completions", QUESTION).text


def test_a_stopped_worker_is_replaced_while_it_writes(gateway: Gateway) -> None:
    [worker] = gateway.children("runworker")
    headers = {"authorization": f"Bearer {gateway.key}"}
    with httpx2.stream(
        "POST", f"{gateway.url}/v1/chat/completions", json=COUNTING, headers=headers, timeout=30
    ) as answer:
        parts = answer.iter_text()
        text = next(parts)
        stop_and_wait(gateway, worker)
        text += "".join(parts)
    assert '"error"' in text
    assert '"finish_reason":"stop"' not in text
    gateway.wait_for_worker()
    assert "Paris" in gateway.post("/v1/chat/completions", QUESTION).text


def test_a_killed_worker_is_counted_with_its_reason(gateway: Gateway) -> None:
    restarts = gateway.ready()["parts"]["worker"]["restarts"]
    [worker] = gateway.children("runworker")
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: gateway.ready()["parts"]["worker"]["restarts"] == restarts + 1)
    assert gateway.ready()["parts"]["worker"]["last_end"] == "The local worker was ended by signal 9."
