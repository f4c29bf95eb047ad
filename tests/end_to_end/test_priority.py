"""Requests that somebody waits for go before batches at the local model, by the client's key or the request's tier."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import openai
import pytest

from tests.gateway import CLIENT_KEY, Gateway, running_gateway, wait_until

# More than a model answers at a time, and none of them ends before the question is asked: the end is never drawn.
MANY = 40
LONG = 300
ENDLESS = {"2": -100}
NIGHT_KEY = "a-batch-key-of-the-tests"
CONFIG = """
[[client_keys]]
name = "night"
key_env = "NIGHT_KEY"
priority = "batch"
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Gateway]:
    with running_gateway() as gateway:
        gateway.configure(CONFIG, NIGHT_KEY=NIGHT_KEY)
        yield gateway


def tell(
    client: openai.OpenAI,
    question: str,
    *,
    tier: Literal["default", "flex"] = "default",
    bias: dict[str, int] | None = None,
) -> str | None:
    answer = client.chat.completions.create(
        model="demo",
        messages=[{"role": "user", "content": question}],
        service_tier=tier,
        temperature=0,
        max_tokens=LONG,
        logit_bias=bias,
    )
    return answer.choices[0].message.content


@pytest.mark.parametrize(("key", "tier"), [(NIGHT_KEY, "default"), (CLIENT_KEY, "flex")])
def test_a_question_is_answered_while_a_batch_waits(
    shared: Gateway, key: str, tier: Literal["default", "flex"]
) -> None:
    night, day = (openai.OpenAI(base_url=f"{shared.url}/v1", api_key=each, timeout=120) for each in (key, CLIENT_KEY))
    with night, day, ThreadPoolExecutor(MANY) as pool:
        batch = [pool.submit(tell, night, "Count to 60.", tier=tier, bias=ENDLESS) for _ in range(MANY)]
        wait_until(lambda: shared.ready()["parts"]["worker"]["waiting"] > 0)
        assert tell(day, "What is the capital of France?") == "The capital of France is Paris."
        assert not any(one.done() for one in batch)
        assert all(one.result() for one in batch)
