"""The clients and the upstream of the benchmark understand each other, and a wrong answer is no figure."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from benchmarks.engine.pace import Pace
from benchmarks.overhead import report
from benchmarks.overhead.client import Ask, Clients
from benchmarks.overhead.leaving import UNDER_WAY, closed
from benchmarks.overhead.measure import CHAT, MESSAGES, Figures, Scenario, WrongAnswers, check
from benchmarks.overhead.processes import Place, product
from benchmarks.overhead.several import has_room, several, times_as_many
from benchmarks.overhead.upstream import Upstream
from benchmarks.overhead.waiting import until

PATHS = pytest.mark.parametrize("path", [CHAT, MESSAGES])


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    await upstream.start()
    yield upstream
    upstream.close()


@pytest.fixture
async def clients(upstream: Upstream) -> AsyncIterator[Clients]:
    clients = Clients(itself(upstream).url, 3)
    await clients.connect()
    yield clients
    clients.close()


def itself(upstream: Upstream) -> Place:
    """The upstream in the place of a gateway."""
    port = upstream.server.sockets[0].getsockname()[1]
    return Place("upstream", f"http://127.0.0.1:{port}", "a-key", ())


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


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_how_soon_a_connection_is_closed_counts_from_the_clients_leaving(
    upstream: Upstream, stream: bool
) -> None:
    ask = Ask(CHAT, "any-c1-hang", "a-key", stream=stream)
    assert 0 <= await closed(itself(upstream), upstream, ask) < UNDER_WAY
    assert not upstream.hanging


async def test_an_upstream_that_does_not_learn_of_it_is_waited_for(upstream: Upstream, clients: Clients) -> None:
    asking = asyncio.ensure_future(clients.ask(Ask(CHAT, "any-c1-hang", "a-key"), 1))
    await until(lambda: len(upstream.hanging) == 3)
    asyncio.get_running_loop().call_later(0.1, clients.close)
    began = time.perf_counter()
    await until(lambda: not upstream.hanging)
    assert time.perf_counter() - began >= 0.1
    with pytest.raises(ConnectionError):
        await asking


async def test_an_answer_that_lacks_a_chunk_is_no_figure(upstream: Upstream, clients: Clients) -> None:
    place = itself(upstream)
    told = await clients.ask(Ask(CHAT, "any-c4", "a-key", stream=True), 1)
    check(Scenario("whole", CHAT, "any-c4", 3, 1, chunks=4), place, told)
    with pytest.raises(WrongAnswers, match="3 of 3"):
        check(Scenario("lacking", CHAT, "any-c4", 3, 1, chunks=5), place, told)


async def test_the_requests_of_each_web_process_are_counted(upstream: Upstream) -> None:
    port = upstream.server.sockets[0].getsockname()[1]
    context = product(port, web=2)
    gateway = await asyncio.to_thread(context.__enter__)
    try:
        found = await several(Scenario("few", CHAT, "gpt-bench-c1", 8, 2), itself(upstream), gateway, 1)
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)
    # With the round's warm-up.
    assert sum(found.answered) == 8 * 3
    assert min(found.answered) >= 3
    assert (found.times is None) == (not has_room(2))
    assert [len(figures.cpu) for figures in found.figures.values()] == [1, 1]


def test_how_many_times_as_many_is_of_the_fastest_rounds() -> None:
    assert times_as_many(Figures(rate=[900, 1000]), Figures(rate=[1900, 400])) == 1.9


def test_the_cheapest_round_is_the_local_figure() -> None:
    assert "| 31.0 (" in report.local(8, [Pace(1000, 40), Pace(900, 31), Pace(1100, None)])
