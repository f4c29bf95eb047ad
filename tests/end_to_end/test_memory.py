"""A gateway whose local models may take little memory: what cannot fit is known before the worker is asked."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.gateway import Gateway, running_gateway
from tests.local_models import copy_demo

CONFIG = """
[[mappings]]
model_pattern = "large-first"
backend_type = "local"
backend_model = "org/large"
fallback_backend = "local"
fallback_model = "mlxmanager/demo"
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    models: Path = tmp_path_factory.mktemp("models")
    file = copy_demo(models, "org/large") / "model.safetensors"
    save_file({**load_file(file), "more": np.zeros(2**24, np.int8)}, file, {"format": "mlx"})
    with running_gateway(MLXMANAGER_MODELS_DIR=str(models), MLXMANAGER_MEMORY_BUDGET="12MB") as gateway:
        gateway.configure(CONFIG)
        yield gateway


def chat(model: str, **fields: object) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": "What is the capital of France?"}], **fields}


def test_a_fallback_answers_for_a_model_that_does_not_fit(small: Gateway) -> None:
    answer = small.post("/v1/chat/completions", chat("large-first"))
    assert answer.json()["choices"][0]["message"]["content"] == "The capital of France is Paris."
    assert answer.headers["x-mlxmanager-fallback-reason"] == "model_does_not_fit"
    assert "model loads model=org/large" not in small.log


def test_without_a_fallback_the_client_is_told_the_numbers(small: Gateway) -> None:
    refused = small.post("/v1/chat/completions", chat("org/large"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "model_does_not_fit")
    assert "leaves 12.0 MB" in refused.json()["error"]["message"]


def test_a_context_that_does_not_fit_is_told_in_the_clients_protocol(small: Gateway) -> None:
    openai = small.post("/v1/chat/completions", chat("demo", max_tokens=4000))
    assert (openai.status_code, openai.json()["error"]["code"]) == (400, "context_does_not_fit")
    anthropic = small.post("/v1/messages", chat("demo", max_tokens=4000))
    assert (anthropic.status_code, anthropic.json()["error"]["type"]) == (400, "invalid_request_error")
    assert "tokens of prompt and answer do not fit" in anthropic.json()["error"]["message"]


def test_the_commands_ask_the_running_worker(small: Gateway) -> None:
    small.post("/v1/chat/completions", chat("demo"))
    told = small.command("route", "large-first").stdout
    assert "fits: no, it needs" in told
    assert "worker running: yes, the model is in memory" in told
    listed = small.command("models", "list", environment={"MLXMANAGER_MEMORY_BUDGET": ""}).stdout
    assert [("does not fit" in line, "of 12.0 MB" in line, "in memory" in line) for line in listed.splitlines()] == [
        (False, True, True),
        (True, True, False),
    ]
