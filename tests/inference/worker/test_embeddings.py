"""What the worker process answers where embeddings are asked for, and what it refuses."""

import asyncio
from pathlib import Path

import msgspec
import numpy as np
import pytest

from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from inference.installed import DEMO_NAME
from inference.protocols import native, wire
from inference.protocols.codec import Aim
from inference.worker.adapter import TokenizerWrapper
from tests.embedding_models import Array, states, tiny_bert, tokens, unit
from tests.frames import talking
from tests.local_models import begin, count, embed, is_idle, question, until

TEXTS = ("hello world", "a", "the quick brown fox 42")


def arrays(embeddings: native.Embeddings) -> list[Array]:
    return [np.frombuffer(vector, "<f4") for vector in embeddings.vectors]


@pytest.fixture
def expected(tmp_path: Path) -> list[Array]:
    folder = tiny_bert(tmp_path, "org/model")
    return [unit(states(folder, tokens(text)).mean(0)) for text in TEXTS]


async def test_texts_become_vectors_in_their_order(local: LocalBackend, expected: list[Array]) -> None:
    embeddings = await embed(local, *TEXTS)
    assert np.allclose(arrays(embeddings), expected, atol=1e-5)
    assert embeddings.input_tokens == sum(len(tokens(text)) for text in TEXTS)


async def test_tokens_are_embedded_as_their_text(local: LocalBackend) -> None:
    given = await embed(local, *(tuple(tokens(text)) for text in TEXTS))
    assert given == await embed(local, *TEXTS)


async def test_a_decoder_embeds_too(local: LocalBackend, tokenizer: TokenizerWrapper) -> None:
    embeddings = await embed(local, "The capital of France", "Paris", model="test/decoder")
    one, other = arrays(embeddings)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert one.shape == other.shape == (128,)
    assert embeddings.input_tokens == sum(len(tokenizer.encode(text)) for text in ("The capital of France", "Paris"))
    alone = arrays(await embed(local, "Paris", model="test/decoder"))
    assert np.allclose(alone, [other], atol=1e-5)


async def test_a_vector_is_cut_and_normalised_again(local: LocalBackend, expected: list[Array]) -> None:
    cut = arrays(await embed(local, *TEXTS, dimensions=8))
    assert np.allclose(cut, [unit(vector[:8]) for vector in expected], atol=1e-5)


@pytest.mark.parametrize(
    ("model", "dimensions", "kind"),
    [("test/uncut", 8, Kind.UNSUPPORTED_PARAMETER), ("test/bert", 9, Kind.INVALID_VALUE)],
)
async def test_a_length_the_model_does_not_offer_is_refused(
    local: LocalBackend, model: str, dimensions: int, kind: Kind
) -> None:
    with pytest.raises(BackendError) as caught:
        await embed(local, "hello", model=model, dimensions=dimensions)
    assert (caught.value.kind, caught.value.param) == (kind, "dimensions")


@pytest.mark.parametrize(
    ("inputs", "kind", "param"),
    [
        ((), Kind.INVALID_VALUE, "input"),
        (("hello", ()), Kind.INVALID_VALUE, "input[1]"),
        (((2, 77, 3),), Kind.INVALID_VALUE, "input"),
        (((-1,),), Kind.INVALID_VALUE, "input"),
        (("hello", "a" * 47), Kind.CONTEXT_LENGTH_EXCEEDED, "input[1]"),
        (((5,) * 49,), Kind.CONTEXT_LENGTH_EXCEEDED, "input"),
    ],
    ids=["nothing", "no token", "token too high", "token negative", "text too long", "tokens too long"],
)
async def test_what_the_model_cannot_read_is_refused_and_the_next_is_answered(
    local: LocalBackend, inputs: tuple[str | tuple[int, ...], ...], kind: Kind, param: str
) -> None:
    with pytest.raises(BackendError) as caught:
        await embed(local, *inputs)
    assert (caught.value.kind, caught.value.param) == (kind, param)
    assert len((await embed(local, "a" * 46)).vectors) == 1


@pytest.mark.parametrize("model", ["nobody/nothing", "test/with-code"])
async def test_a_model_that_is_not_to_be_had_is_refused(local: LocalBackend, model: str) -> None:
    with pytest.raises(BackendError) as caught:
        await embed(local, "hello", model=model)
    assert caught.value.kind is Kind.MODEL_NOT_INSTALLED


async def test_a_model_for_chat_is_not_loaded_to_embed(local: LocalBackend) -> None:
    with pytest.raises(BackendError) as caught:
        await embed(local, "hello", model="test/never-loaded")
    assert caught.value.kind is Kind.UNSUPPORTED_ENDPOINT
    await local.ping()
    assert "test/never-loaded" not in {model.name for model in (await local.status()).models}
    with pytest.raises(BackendError) as caught:
        await embed(local, "hello", model=DEMO_NAME)
    assert caught.value.kind is Kind.UNSUPPORTED_ENDPOINT


async def test_a_model_for_embeddings_does_not_chat_or_count(local: LocalBackend) -> None:
    for asking in (begin, count):
        with pytest.raises(BackendError) as caught:
            await asking(local, question("Hello"), model="test/bert")
        assert caught.value.kind is Kind.UNSUPPORTED_ENDPOINT


async def test_a_request_of_the_wrong_shape_ends_alone(local: LocalBackend, worker_socket: Path) -> None:
    async with talking(worker_socket) as peer:
        peer.send(wire.Embed(1, 60.0, "", msgspec.Raw(wire.encode({"model": 5}))), wire.Ping(2))
        frames = await peer.until(wire.Result)
    (refused,) = [frame for frame in frames if isinstance(frame, wire.Error)]
    assert (refused.id, refused.kind) == (1, Kind.INVALID_TYPE)


async def test_many_texts_at_once_have_each_their_own_vector(local: LocalBackend) -> None:
    texts = [f"{number} " * (number % 15) + "end" for number in range(300)]
    together = arrays(await embed(local, *texts))
    for number in (0, 7, 150, 299):
        (alone,) = arrays(await embed(local, texts[number]))
        assert np.allclose(together[number], alone, atol=1e-5)


async def test_a_model_for_embeddings_is_loaded_and_unloaded_on_demand(local: LocalBackend) -> None:
    await local.load("test/uncut")
    assert "test/uncut" in {model.name for model in (await until(is_idle, local)).models}
    await local.unload("test/uncut")
    assert "test/uncut" not in {model.name for model in (await until(is_idle, local)).models}


async def test_unloading_a_model_fails_what_it_embeds(local: LocalBackend) -> None:
    embedding = asyncio.create_task(embed(local, *["word " * 800] * 200, model="test/decoder"))
    await until(lambda status: status.active == 1, local)
    await local.unload("test/decoder")
    with pytest.raises(BackendError) as caught:
        await embedding
    assert caught.value.kind is Kind.LOCAL_WORKER_UNAVAILABLE


async def test_a_cancelled_request_frees_its_place(local: LocalBackend) -> None:
    embedding = asyncio.create_task(embed(local, *["word " * 800] * 200, model="test/decoder"))
    await until(lambda status: status.active == 1, local)
    embedding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await embedding
    await until(is_idle, local)


async def test_streams_go_on_while_many_texts_are_embedded(local: LocalBackend, worker_socket: Path) -> None:
    """Each gets text again before the vectors are there, which takes several pieces."""
    await embed(local, "hello")
    numbers = range(1, 5)
    begun = dict.fromkeys(numbers, 0)
    during = dict.fromkeys(numbers, 0)
    job = native.render_request(question("Count to 60.", max_tokens=3000), Aim(DEMO_NAME)).body
    texts = wire.encode(native.EmbeddingJob("test/bert", ("a" * 46,) * 200))
    async with talking(worker_socket) as peer:
        peer.send(*(wire.Submit(number, 60.0, "", msgspec.Raw(job)) for number in numbers))
        while not all(begun.values()):
            note(await peer.until(wire.Events), begun)
        peer.send(wire.Embed(9, 60.0, "", msgspec.Raw(texts)))
        frames = await peer.until(wire.Result)
    note(frames, during)
    assert isinstance(frames[-1], wire.Result)
    assert len(frames[-1].vectors) == 200
    assert min(during.values()) >= 2


def note(frames: list[wire.Frame], texts: dict[int, int]) -> None:
    """Count the times each of the streams got text."""
    for number in [number for frame in frames if isinstance(frame, wire.Events) for number, _ in frame.answers]:
        texts[number] += 1
