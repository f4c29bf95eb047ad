"""The worker with models that answer one request at a time beside one that answers many."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from inference import ir
from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from inference.installed import DEMO_NAME
from inference.protocols import native, wire
from tests.engines import make_model
from tests.local_models import Answered, ask, begin, copy_demo, question
from tests.workers import RunningWorker, running_worker

BITS = wire.ModelOptions("test/few-bits", load=wire.LoadOptions(kv_bits=8))
GUESSED = wire.ModelOptions("test/guessed", load=wire.LoadOptions(draft_model=DEMO_NAME, num_draft_tokens=4))
LONG = question("Count.", max_tokens=150, sampling=ir.Sampling(temperature=0, logit_bias={"2": -100.0}))
UNSUITABLE = "test/sliding"
CAPITAL = question("What is the capital of France?")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorker]:
    models = tmp_path_factory.mktemp("models")
    for options in (BITS, GUESSED):
        copy_demo(models, options.name)
    make_model("gemma3_text", models / UNSUITABLE)
    with running_worker(MLXMANAGER_MODELS_DIR=str(models)) as worker:
        yield worker


@pytest_asyncio.fixture
async def backend(running: RunningWorker) -> AsyncIterator[LocalBackend]:
    made = LocalBackend(running.socket)
    made.configure(1, [BITS, GUESSED])
    yield made
    await made.aclose()


async def follow(backend: LocalBackend, model: str, order: list[str], label: str) -> str:
    """The text. The label is added to the order with every piece of it."""
    reply = await begin(backend, LONG, model=model)
    parser = native.stream_parser()
    events: list[ir.Event] = []
    async for chunk in reply.chunks():
        events += parser.feed(chunk)
        order.append(label)
    await reply.aclose()
    return Answered([*events, *parser.close()]).text


@pytest.mark.parametrize("model", [BITS.name, GUESSED.name])
async def test_what_is_written_is_right(backend: LocalBackend, model: str) -> None:
    answered = await ask(backend, CAPITAL, model=model)
    expected = await ask(backend, CAPITAL)
    assert "Paris" in answered.text
    assert answered.text == expected.text
    assert answered.finished.usage == expected.finished.usage


@pytest.mark.parametrize("model", [BITS.name, GUESSED.name])
async def test_others_are_answered_meanwhile(backend: LocalBackend, model: str) -> None:
    await asyncio.gather(ask(backend, CAPITAL, model=model), ask(backend, CAPITAL))
    order: list[str] = []
    alone, one, other = await asyncio.gather(
        follow(backend, model, order, "alone"),
        follow(backend, DEMO_NAME, order, "many"),
        follow(backend, DEMO_NAME, order, "many"),
    )
    assert alone
    assert one == other
    last = len(order) - 1 - order[::-1].index("alone")
    first = order.index("alone")
    assert order[first:last].count("many") > 30


async def test_requests_of_one_model_take_their_turns(backend: LocalBackend) -> None:
    order: list[str] = []
    await asyncio.gather(*(follow(backend, BITS.name, order, str(number)) for number in range(3)))
    turns = [label for label, before in zip(order, ["", *order], strict=False) if label != before]
    assert sorted(turns) == ["0", "1", "2"]


async def test_a_model_that_does_not_fit_with_its_draft_model_is_not_asked_for(
    running: RunningWorker, backend: LocalBackend
) -> None:
    left = (await backend.status()).budget
    sizes = {GUESSED.name: left, DEMO_NAME: 1}
    gateway = LocalBackend(running.socket, needs=lambda name: sizes[name])
    gateway.configure(1, [BITS, GUESSED])
    try:
        with pytest.raises(BackendError) as caught:
            await ask(gateway, CAPITAL, model=GUESSED.name)
        assert caught.value.kind is Kind.MODEL_DOES_NOT_FIT
        assert "Paris" in (await ask(gateway, CAPITAL)).text
    finally:
        await gateway.aclose()


async def test_changed_options_hold_from_the_next_request_on(backend: LocalBackend) -> None:
    await ask(backend, CAPITAL, model=BITS.name)
    backend.configure(2, [wire.ModelOptions(BITS.name, load=wire.LoadOptions(draft_model="test/unknown"))])
    with pytest.raises(BackendError, match=r"its draft model: model: test/unknown is not installed"):
        await ask(backend, CAPITAL, model=BITS.name)
    backend.configure(3, [])
    assert "Paris" in (await ask(backend, CAPITAL, model=BITS.name)).text


async def test_options_that_are_put_right_hold_at_once(backend: LocalBackend) -> None:
    backend.configure(4, [wire.ModelOptions(BITS.name, load=wire.LoadOptions(draft_model=UNSUITABLE))])
    with pytest.raises(BackendError, match="test/sliding cannot guess for it"):
        await ask(backend, CAPITAL, model=BITS.name)
    backend.configure(5, [BITS])
    assert "Paris" in (await ask(backend, CAPITAL, model=BITS.name)).text
