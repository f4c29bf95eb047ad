"""What the worker says of the prompts it had read before: to each client of its own alone, and in its status."""

from collections.abc import AsyncIterator

import msgspec
import pytest_asyncio

from inference import ir
from inference.backends.local import LocalBackend
from inference.prefix_folder import locate
from tests.local_models import ask, complete, is_idle, question, until
from tests.workers import RunningWorker, running_worker, start

STORY = question("Tell me a story about a fox. " * 12, max_tokens=4)


async def cached(backend: LocalBackend, asked: ir.Request, tenant: str) -> int:
    answered = await ask(backend, asked, tenant=tenant)
    started = answered.events[0]
    assert isinstance(started, ir.Started)
    assert started.usage.cached_tokens == answered.finished.usage.cached_tokens
    assert started.usage.input_tokens == answered.finished.usage.input_tokens
    return started.usage.cached_tokens


async def test_a_prompt_that_was_read_before_is_told_to_its_own_client_alone(local: LocalBackend) -> None:
    read = (await ask(local, STORY, tenant="ada")).finished.usage.input_tokens
    assert [await cached(local, STORY, tenant) for tenant in ("ada", "bob", "", "bob", "eve")] == [
        read - 1,
        0,
        0,
        read - 1,
        0,
    ]


async def test_models_share_nothing(local: LocalBackend) -> None:
    await ask(local, STORY, tenant="cy")
    other = await ask(local, STORY, tenant="cy", model="test/no-system")
    assert other.finished.usage.cached_tokens == 0


async def test_a_raw_prompt_that_was_read_before_is_told(local: LocalBackend) -> None:
    text = "once upon a time there was a fox " * 8
    first, second = [await complete(local, text, max_tokens=4) for _ in range(2)]
    assert first.text == second.text
    assert second.finished.usage.cached_tokens == second.finished.usage.input_tokens - 1


async def test_the_next_turn_of_a_conversation_reads_on_where_the_last_one_ended(local: LocalBackend) -> None:
    messages = [ir.Message("user", (ir.Text("My name is Ada. " + "Remember it well. " * 10),))]
    read = 0
    for _ in range(4):
        asked = msgspec.structs.replace(STORY, messages=tuple(messages), max_tokens=20)
        answered = await ask(local, asked, tenant="turns")
        # What opens an answer is not in the next turn's prompt: the template writes it differently there.
        assert answered.finished.usage.cached_tokens >= read - 8
        read = answered.finished.usage.input_tokens
        messages += [ir.Message("assistant", (ir.Text(answered.text),)), ir.Message("user", (ir.Text("And now?"),))]


@pytest_asyncio.fixture
async def own() -> AsyncIterator[tuple[RunningWorker, LocalBackend]]:
    with running_worker() as worker:
        backend = LocalBackend(worker.socket)
        yield worker, backend
        await backend.aclose()


async def test_the_status_counts_hits_misses_and_bytes(own: tuple[RunningWorker, LocalBackend]) -> None:
    _, backend = own
    for tenant in ("one", "one", "two"):
        await ask(backend, STORY, tenant=tenant)
    prefixes = (await until(is_idle, backend)).prefixes
    assert (prefixes.hits, prefixes.misses, prefixes.disk) == (1, 2, 0)
    # Two of the demo model's 2048 bytes a token, as CPUs compute.
    assert prefixes.memory > 2 * 2048 * 100


async def test_an_unloaded_model_leaves_no_bytes(own: tuple[RunningWorker, LocalBackend]) -> None:
    _, backend = own
    await ask(backend, STORY)
    await backend.unload("mlxmanager/demo")
    assert (await until(lambda status: not status.models, backend)).prefixes.memory == 0


async def test_a_prompt_outlives_the_worker_that_read_it(own: tuple[RunningWorker, LocalBackend]) -> None:
    worker, backend = own
    long = question("Tell me a story about a fox. " * 60, max_tokens=4)
    before = await ask(backend, long, tenant="one")
    await until(lambda status: status.prefixes.disk > 0, backend)
    worker.process.kill()
    worker.process.wait()
    again = start(worker.home)
    try:
        anew = LocalBackend(again.socket)
        after = await ask(anew, long, tenant="one")
        other = await ask(anew, long, tenant="two")
        await anew.aclose()
    finally:
        again.stop()
    assert before.text == after.text == other.text
    assert after.finished.usage.cached_tokens == before.finished.usage.input_tokens - 1
    assert other.finished.usage.cached_tokens == 0
    files = list(locate(worker.home).rglob("*.safetensors"))
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
