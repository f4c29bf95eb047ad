"""Embeddings through OpenAI's own SDK, at a local model."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest

from tests.answers import plain
from tests.embedding_models import states, tiny_bert, tokens, unit
from tests.end_to_end.conftest import PROVIDER_KEY, cloud_config
from tests.gateway import Gateway, running_gateway
from tests.upstreams import Upstream

BERT = "test/bert"
DEMO = "mlxmanager/demo"
TEXTS = ["hello world", "a", "the quick brown fox 42"]
FALLING_BACK = f"""
[[mappings]]
model_pattern = "safe-embedding"
backend_type = "openai"
credential = "cloud"
fallback_backend = "local"
fallback_model = "{BERT}"
"""


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    tiny_bert(folder, BERT, matryoshka_dims=[8, 16])
    tiny_bert(folder, "test/uncut")
    return folder


@pytest.fixture(scope="module")
def embedding_gateway(models_dir: Path, cloud: Upstream) -> Iterator[Gateway]:
    with running_gateway(MLXMANAGER_MODELS_DIR=str(models_dir)) as gateway:
        gateway.configure(cloud_config(cloud) + FALLING_BACK, PROVIDER_KEY=PROVIDER_KEY)
        yield gateway


@pytest.fixture
def client(embedding_gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{embedding_gateway.url}/v1", api_key=embedding_gateway.key, max_retries=0) as client:
        yield client


def vectors(made: Any) -> list[Any]:
    assert made.object == "list"
    assert [entry.index for entry in made.data] == list(range(len(made.data)))
    return [np.array(entry.embedding, "f4") for entry in made.data]


@pytest.mark.parametrize("encoding", ["float", "base64", openai.NOT_GIVEN])
def test_texts_become_vectors(client: openai.OpenAI, models_dir: Path, encoding: Any) -> None:
    made: Any = client.embeddings.create(model=BERT, input=TEXTS, encoding_format=encoding)
    if encoding == "base64":
        for entry in made.data:
            entry.embedding = np.frombuffer(base64.b64decode(entry.embedding), "<f4")
    expected = [unit(states(models_dir / BERT, tokens(text)).mean(0)) for text in TEXTS]
    assert np.allclose(vectors(made), expected, atol=1e-5)
    assert made.model == BERT
    assert made.usage.prompt_tokens == made.usage.total_tokens == sum(len(tokens(text)) for text in TEXTS)


def test_floats_and_base64_are_the_same_numbers(client: openai.OpenAI) -> None:
    floats = client.embeddings.create(model=BERT, input=TEXTS, encoding_format="float")
    packed = client.embeddings.create(model=BERT, input=TEXTS)
    assert np.array_equal(vectors(floats), vectors(packed))


def test_an_input_comes_in_four_forms(client: openai.OpenAI) -> None:
    forms: list[Any] = [TEXTS[0], [TEXTS[0]], tokens(TEXTS[0]), [tokens(TEXTS[0])]]
    made = [client.embeddings.create(model=BERT, input=form) for form in forms]
    first = vectors(made[0])
    assert all(np.array_equal(vectors(other), first) for other in made)


def test_a_vector_can_be_cut(client: openai.OpenAI) -> None:
    whole = vectors(client.embeddings.create(model=BERT, input="hello"))
    cut = vectors(client.embeddings.create(model=BERT, input="hello", dimensions=8, user="u"))
    assert np.allclose(cut[0], unit(whole[0][:8]), atol=1e-5)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({}, "missing_required_parameter", "input"),
        ({"input": ""}, "invalid_value", "input"),
        ({"input": []}, "invalid_value", "input"),
        ({"input": ["a", ""]}, "invalid_value", "input"),
        ({"input": [[1], []]}, "invalid_value", "input"),
        ({"input": ["a"] * 2049}, "invalid_value", "input"),
        ({"input": 5}, "invalid_type", "input"),
        ({"input": ["a", 1]}, "invalid_type", "input[1]"),
        ({"input": "a", "dimensions": 0}, "invalid_value", "dimensions"),
        ({"input": "a", "encoding_format": "hex"}, "invalid_value", "encoding_format"),
        ({"input": "a", "model": "test/uncut", "dimensions": 8}, "unsupported_parameter", "dimensions"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    embedding_gateway: Gateway, fields: dict[str, Any], code: str, param: str
) -> None:
    answer = embedding_gateway.post("/v1/embeddings", {"model": BERT} | fields)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == (code, param)


def test_what_nobody_knows_is_told(embedding_gateway: Gateway) -> None:
    answer = embedding_gateway.post("/v1/embeddings", {"model": BERT, "input": "a", "frobnicate": 1, "user": None})
    assert answer.status_code == 200
    assert answer.headers["x-mlxmanager-warning"] == "frobnicate;reason=unknown"


def test_a_model_that_chats_makes_no_vectors(embedding_gateway: Gateway) -> None:
    answer = embedding_gateway.post("/v1/embeddings", {"model": DEMO, "input": "a"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_endpoint")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}]}),
        ("/v1/messages", {"messages": [{"role": "user", "content": "a"}], "max_tokens": 5}),
        ("/v1/completions", {"prompt": "a"}),
    ],
)
def test_a_model_that_makes_vectors_does_not_chat(
    embedding_gateway: Gateway, path: str, fields: dict[str, Any]
) -> None:
    answer = embedding_gateway.post(path, {"model": BERT} | fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_the_local_model_embeds_where_the_upstream_does_not(embedding_gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(plain({"error": {"message": "busy"}}, status=529))
    answer = embedding_gateway.post("/v1/embeddings", {"model": "safe-embedding", "input": "a"})
    assert answer.status_code == 200
    assert answer.json()["model"] == "safe-embedding"
    assert answer.headers["x-mlxmanager-fallback-reason"] == "overloaded"
