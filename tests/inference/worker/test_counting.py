"""Counting the tokens of a request: without its model, beside whatever the models do."""

import asyncio
import shutil
from functools import partial
from pathlib import Path

import msgspec
import pytest

from inference import ir
from inference.backends.local import LocalBackend
from inference.errors import BackendError, GatewayError, Kind
from inference.installed import DEMO_NAME, find_one
from inference.protocols import native, wire
from inference.protocols.codec import Aim
from inference.worker.tokens import Tokenizers
from tests.frames import talking
from tests.local_models import WEATHER, ask, begin, copy_demo, count, question

UNLOADED = "test/never-loaded"
SYSTEM = (ir.Text("You are a helpful assistant."),)
CAPITAL = "What is the capital of France?"


def job(request: ir.Request, model: str) -> native.Job:
    return native.JOB.decode(native.render_request(request, Aim(model)).body)


def encoded(request: ir.Request) -> msgspec.Raw:
    return msgspec.Raw(wire.encode(job(request, DEMO_NAME)))


@pytest.mark.parametrize(
    "asked",
    [
        question(CAPITAL),
        question(CAPITAL, system=SYSTEM),
        question("What is the weather in Paris?", tools=(WEATHER,)),
        question("What is the weather in Paris?", tools=(WEATHER,), tool_choice=ir.ToolChoice("none"), system=SYSTEM),
        question(CAPITAL, reasoning=ir.Reasoning(enabled=True)),
        question(CAPITAL, reasoning=ir.Reasoning(enabled=False)),
    ],
    ids=["plain", "system", "tools", "no tool allowed", "thinking", "no thinking"],
)
async def test_a_count_is_that_of_the_answer_and_loads_no_model(local: LocalBackend, asked: ir.Request) -> None:
    counted = await count(local, asked, model=UNLOADED)
    await local.ping()
    assert UNLOADED not in {model.name for model in (await local.status()).models}
    assert counted == (await ask(local, asked, model=DEMO_NAME)).finished.usage.input_tokens


@pytest.mark.parametrize(
    "model", ["nobody/nothing", "../../etc/passwd", "test/with-code", "test/broken-tokenizer", "test/exploding"]
)
async def test_a_model_that_cannot_be_counted_for_is_refused_as_one_that_cannot_answer(
    local: LocalBackend, model: str
) -> None:
    with pytest.raises(BackendError) as counting:
        await count(local, question("Hello"), model=model)
    with pytest.raises(BackendError) as answering:
        await begin(local, question("Hello"), model=model)
    assert counting.value.kind is answering.value.kind
    assert counting.value.message == answering.value.message


async def test_a_count_does_not_wait_for_a_prompt_that_is_read(local: LocalBackend, worker_socket: Path) -> None:
    await count(local, question("Hello"), model=DEMO_NAME)
    await ask(local, question("Hello", max_tokens=1))
    long = encoded(question("apple " * 600, max_tokens=2))
    async with talking(worker_socket) as peer:
        peer.send(*(wire.Submit(number, 60.0, "", long) for number in range(1, 9)))
        peer.send(wire.Count(9, encoded(question("Hello"))))
        frames = await peer.until(wire.Result)
        assert any(isinstance(frame, wire.Accepted) for frame in frames)
        assert not any(isinstance(frame, (wire.Events, wire.Done)) for frame in frames)


async def test_a_count_does_not_wait_for_a_model_that_loads(local: LocalBackend, worker_socket: Path) -> None:
    await count(local, question("Hello"), model=DEMO_NAME)
    await local.unload("test/small-window")
    async with talking(worker_socket) as peer:
        peer.send(wire.Load(1, "test/small-window"), wire.Count(2, encoded(question("Hello"))))
        ended = (await peer.until(wire.Result))[-1]
        assert isinstance(ended, wire.Result)
        assert ended.id == 2


async def test_a_count_that_is_cancelled_is_ended(worker_socket: Path) -> None:
    large = encoded(question("apple " * 100_000))
    async with talking(worker_socket) as peer:
        peer.send(wire.Count(1, large), wire.Count(2, large), wire.Cancel(2))
        frames = await peer.until(wire.Result)
        assert [frame.id for frame in frames if isinstance(frame, wire.Done)] == [2]


async def test_too_many_counts_at_once_are_refused(tmp_path: Path) -> None:
    tokenizers = Tokenizers(partial(find_one, models_dir=tmp_path, hub_cache=tmp_path), queue_limit=2)
    counts = [tokenizers.count(job(question("Hello"), DEMO_NAME), size=100) for _ in range(3)]
    results = await asyncio.gather(*counts, return_exceptions=True)
    assert results[0] == results[1]
    assert isinstance(results[2], GatewayError)
    assert results[2].kind is Kind.QUEUE_FULL


async def test_a_model_that_was_replaced_is_counted_anew(tmp_path: Path) -> None:
    tokenizers = Tokenizers(partial(find_one, models_dir=tmp_path, hub_cache=tmp_path), queue_limit=2)
    folder = copy_demo(tmp_path, "org/model")
    asked = job(question("Hello"), "org/model")
    before = await tokenizers.count(asked, size=100)
    shutil.rmtree(folder)
    copy_demo(tmp_path, "org/model", template="{{ messages[0].content }}")
    assert await tokenizers.count(asked, size=100) < before
    shutil.rmtree(folder)
    with pytest.raises(GatewayError) as caught:
        await tokenizers.count(asked, size=100)
    assert caught.value.kind is Kind.MODEL_NOT_INSTALLED
