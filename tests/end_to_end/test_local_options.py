"""What an operator wants of local models reaches the running worker, and one that was started again."""

import os
import signal
from collections.abc import Iterator

import httpx2
import pytest

from tests.gateway import Gateway, running_gateway, wait_until


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with running_gateway(MLXMANAGER_WEB_PROCESSES="2") as running:
        yield running


@pytest.fixture
def operator(gateway: Gateway) -> Iterator[httpx2.Client]:
    key = gateway.command("createclientkey", "operator", "--is-admin").stdout.split()[-1]
    with httpx2.Client(base_url=f"{gateway.url}/api", headers={"authorization": f"Bearer {key}"}) as client:
        yield client


def in_memory(gateway: Gateway) -> list[str]:
    return list(gateway.ready()["parts"]["worker"].get("models", {}))


def question(gateway: Gateway) -> httpx2.Response:
    return gateway.post(
        "/v1/chat/completions", {"model": "demo", "messages": [{"role": "user", "content": "What is 1+1?"}]}
    )


def test_options_are_heeded_without_a_restart_and_again_after_a_crash(
    gateway: Gateway, operator: httpx2.Client
) -> None:
    assert in_memory(gateway) == []
    made = operator.post("/local-models", json={"name": "mlxmanager/demo", "preload": True, "max_context": 4})
    assert made.status_code == 201
    wait_until(lambda: in_memory(gateway) == ["mlxmanager/demo"])
    shown = operator.get(f"/local-models/{made.json()['id']}").json()
    assert (shown["fits"], shown["in_memory"]) == (True, True)
    assert question(gateway).json()["error"]["code"] == "context_length_exceeded"

    (worker,) = gateway.children("runworker")
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: gateway.children("runworker") not in ([], [worker]), seconds=20)
    gateway.wait_for_worker()
    wait_until(lambda: in_memory(gateway) == ["mlxmanager/demo"])
    assert question(gateway).json()["error"]["code"] == "context_length_exceeded"

    assert operator.delete(f"/local-models/{made.json()['id']}").status_code == 204
    wait_until(lambda: question(gateway).status_code == 200)
