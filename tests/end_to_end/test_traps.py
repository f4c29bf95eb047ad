"""Traps that only the whole gateway can fall into."""

import anthropic
import httpx2
import pytest

from tests.end_to_end.questions import SCHEMA
from tests.gateway import Gateway
from tests.upstreams import Upstream

HELLO = [{"role": "user", "content": "Hello"}]
TOOL = {"name": "get_weather", "description": "Tells the weather of a city, today's only.", "input_schema": SCHEMA}


def count(gateway: Gateway, model: str, **fields: object) -> int:
    answer = gateway.post("/v1/messages/count_tokens", {"model": model, "messages": HELLO, **fields})
    assert answer.status_code == 200, answer.text
    tokens: int = answer.json()["input_tokens"]
    return tokens


@pytest.mark.parametrize("model", ["mlxmanager/demo", "gpt-5"])
def test_trap_51_tokens_are_counted_everywhere_and_of_everything(gateway: Gateway, model: str) -> None:
    alone = count(gateway, model)
    assert alone > 0
    assert count(gateway, model, system="You answer in one word, and never in two.") > alone + 5
    assert count(gateway, model, tools=[TOOL]) > alone + 12


def test_trap_64_either_header_carries_the_key_and_the_new_version_passes(gateway: Gateway, cloud: Upstream) -> None:
    version = {"anthropic-version": "2026-10-21"}
    body = {"model": "claude-x", "max_tokens": 9, "messages": HELLO}
    for shown in ({"authorization": f"Bearer {gateway.key}"}, {"x-api-key": gateway.key}):
        assert httpx2.post(f"{gateway.url}/v1/messages", json=body, headers=shown | version).status_code == 200
    with anthropic.Anthropic(base_url=gateway.url, api_key=gateway.key, max_retries=0) as client:
        client.messages.create(model="claude-x", max_tokens=9, messages=[{"role": "user", "content": "Hello"}])
    assert {received.header("anthropic-version") for received in cloud.requests} == {"2026-10-21"}
