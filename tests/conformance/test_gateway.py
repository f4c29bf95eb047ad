"""Recorded exchanges through the running gateway, where client and vendor speak one protocol: every byte both ways."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.answers import Answer, Headers, events, plain
from tests.conformance.recorded import LATER, encoded, event_bytes, turns
from tests.gateway import Gateway, running_gateway
from tests.upstreams import Upstream

TURNS = [turn for turn in turns() if turn[1]["path"] not in LATER]
EVERY_TURN = pytest.mark.parametrize("turn", [turn for _, turn in TURNS], ids=[name for name, _ in TURNS])
ACCOUNT = {"openai-organization", "openai-project", "anthropic-organization-id"}


def config(upstream: Upstream) -> str:
    return f"""
[[credentials]]
backend_type = "openai"
base_url = "{upstream.url}/v1"
api_key_env = "PROVIDER_KEY"

[[credentials]]
backend_type = "anthropic"
base_url = "{upstream.url}"
api_key_env = "PROVIDER_KEY"

[[mappings]]
model_pattern = "claude-*"
backend_type = "anthropic"

[[mappings]]
model_pattern = "*"
backend_type = "openai"
"""


@pytest.fixture(scope="module")
def vendor() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture(scope="module")
def gateway(vendor: Upstream) -> Iterator[Gateway]:
    with running_gateway() as running:
        running.configure(config(vendor), PROVIDER_KEY="sk-a-key-of-the-tests")
        yield running


def recorded_answer(turn: dict[str, Any]) -> Answer:
    given: Headers = tuple((name, value) for name, value in turn["headers"].items() if name != "content-type")
    if "events" in turn:
        return events(*[event_bytes(event) for event in turn["events"]], headers=given)
    return plain(encoded(turn["body"]), status=turn["status"], headers=given)


@EVERY_TURN
def test_an_exchange_passes_as_it_was(turn: dict[str, Any], gateway: Gateway, vendor: Upstream) -> None:
    vendor.forget()
    vendor.script(recorded_answer(turn))
    query = f"?{turn['query']}" if turn["query"] else ""
    body = encoded(turn["request"])
    answer = gateway.post(turn["path"] + query, body)
    (received,) = vendor.requests
    assert received.body == body
    assert answer.status_code == turn["status"]
    assert answer.content == b"".join(recorded_answer(turn).chunks)
    assert not ACCOUNT & set(answer.headers)
    limits = {name: value for name, value in turn["headers"].items() if "ratelimit" in name}
    assert limits.items() <= dict(answer.headers).items()
