"""The clients and the upstream of the benchmark understand each other, and a wrong answer is no figure."""

from collections.abc import AsyncIterator

import pytest

from benchmarks.overhead.client import Ask, Clients
from benchmarks.overhead.measure import CHAT, MESSAGES, Scenario, WrongAnswers, check
from benchmarks.overhead.processes import Place
from benchmarks.overhead.upstream import Upstream

PATHS = pytest.mark.parametrize("path", [CHAT, MESSAGES])


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    upstream = Upstream()
    clients = Clients(f"http://127.0.0.1:{await upstream.start()}", 3)
    await clients.connect()
    yield clients
    clients.close()
    upstream.close()


@PATHS
@pytest.mark.parametrize("model", ["any-c5", "any-c5-p2"])
async def test_every_chunk_of_every_answer_is_counted(clients: Clients, path: str, model: str) -> None:
    told = await clients.ask(Ask(path, model, "a-key", stream=True), 2)
    assert [(one.status, one.chunks) for one in told] == [(200, 5)] * 6
    assert all(0 < one.first <= one.whole for one in told)


@PATHS
async def test_a_plain_answer_to_a_long_prompt_is_whole(clients: Clients, path: str) -> None:
    told = await clients.ask(Ask(path, "any-c3", "a-key", words=100_000), 1)
    assert [(one.status, one.chunks) for one in told] == [(200, 3)] * 3


async def test_a_stream_that_hangs_has_begun(clients: Clients) -> None:
    told = await clients.ask(Ask(CHAT, "any-c2-hang", "a-key", stream=True), 1, first_only=True)
    assert [one.chunks for one in told] == [1] * 3


async def test_an_answer_that_lacks_a_chunk_is_no_figure(clients: Clients) -> None:
    place = Place("upstream", "", "a-key", 0)
    told = await clients.ask(Ask(CHAT, "any-c4", "a-key", stream=True), 1)
    check(Scenario("whole", CHAT, "any-c4", 3, 1, chunks=4), place, told)
    with pytest.raises(WrongAnswers, match="3 of 3"):
        check(Scenario("lacking", CHAT, "any-c4", 3, 1, chunks=5), place, told)
