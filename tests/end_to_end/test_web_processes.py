"""Several web processes: each has its share of the clients, and one that is killed takes no other's clients along."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack

import httpx2
import pytest

from inference.sqlite import has_reset_bug
from tests.end_to_end.questions import CAPITAL
from tests.gateway import START_SECONDS, Gateway, running_gateway, wait_until
from tests.scraping import scrape

CLIENTS = 12
UNHEARD_OF = {"model": "unheard-of", "messages": [{"role": "user", "content": CAPITAL}]}


@pytest.fixture
def two() -> Iterator[Gateway]:
    with running_gateway(MLXMANAGER_WEB_PROCESSES="2") as gateway:
        wait_until(lambda: scrape(gateway).of("web_processes") == 2, seconds=START_SECONDS)
        yield gateway


@pytest.fixture
def clients(two: Gateway) -> Iterator[list[httpx2.Client]]:
    """Each keeps its connection as long as it lives."""
    with ExitStack() as stack:
        yield [stack.enter_context(client_of(two)) for _ in range(CLIENTS)]


def test_clients_are_shared_and_stay_with_a_process_that_lives(two: Gateway, clients: list[httpx2.Client]) -> None:
    before = two.answered()
    assert [ask(client) for client in clients] == [404] * CLIENTS
    wait_until(lambda: (two.answered() - before).total() == CLIENTS)
    one, other = (two.answered() - before).values()
    assert min(one, other) >= CLIENTS // 6
    killed, _ = two.children("mlxmanager.server")
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: "child ended" in two.log)
    assert [ask(client) for client in clients] == [404] * CLIENTS
    wait_until(lambda: scrape(two).of("web_processes") == 2, seconds=START_SECONDS)


def test_a_start_says_what_each_process_counts_for_itself(two: Gateway, gateway: Gateway) -> None:
    said = "2 web processes: limits of client keys and cool-downs count in each of them."
    assert two.log.count(said) == 1
    assert "count in each of them" not in gateway.log
    assert ("can damage a database" in two.log) == has_reset_bug(sqlite3.sqlite_version_info)
    assert "can damage a database" not in gateway.log


def client_of(gateway: Gateway) -> httpx2.Client:
    return httpx2.Client(base_url=gateway.url, headers={"authorization": f"Bearer {gateway.key}"}, timeout=30)


def ask(client: httpx2.Client) -> int:
    """The status. One whose connection was closed makes another."""
    return client.post("/v1/chat/completions", json=UNHEARD_OF).status_code
