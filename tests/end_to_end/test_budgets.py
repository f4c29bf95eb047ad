"""A client key with a budget of nothing: local models answer it, and no provider is asked on its behalf."""

from typing import Any

import anthropic
import httpx2
import openai
import pytest

from tests.end_to_end.questions import CAPITAL, ask_anthropic, ask_openai
from tests.gateway import Gateway
from tests.upstreams import Upstream

KEY = "a-client-key-without-a-budget"
PARIS = "The capital of France is Paris."


@pytest.fixture
def thrifty(gateway: Gateway) -> Gateway:
    entry = '[[client_keys]]\nname = "thrifty"\nkey_env = "THRIFTY_KEY"\nmonthly_budget = 0\n'
    gateway.configure(entry, THRIFTY_KEY=KEY)
    return gateway


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_provider_is_not_asked(thrifty: Gateway, cloud: Upstream, stream: bool) -> None:
    said = "The client key thrifty has a monthly budget of 0: no provider answers"
    with (
        openai.OpenAI(base_url=f"{thrifty.url}/v1", api_key=KEY, max_retries=2) as client,
        pytest.raises(openai.RateLimitError, match=f"{said} gpt-5") as refused,
    ):
        ask_openai(client, "gpt-5", CAPITAL, stream=stream)
    assert (refused.value.code, refused.value.type) == ("insufficient_quota", "insufficient_quota")
    assert refused.value.response.headers["x-should-retry"] == "false"
    with (
        anthropic.Anthropic(base_url=thrifty.url, api_key=KEY, max_retries=2) as other,
        pytest.raises(anthropic.APIStatusError, match=f"{said} claude-opus") as refused_too,
    ):
        ask_anthropic(other, "claude-opus", CAPITAL, stream=stream)
    assert refused_too.value.status_code == 402
    assert refused_too.value.response.json()["error"]["type"] == "billing_error"
    assert not cloud.requests


@pytest.mark.parametrize("model", ["demo", "safe-model", "local-first"])
def test_local_models_answer_whatever_else_the_route_has(thrifty: Gateway, cloud: Upstream, model: str) -> None:
    with openai.OpenAI(base_url=f"{thrifty.url}/v1", api_key=KEY, max_retries=0) as client:
        assert ask_openai(client, model, CAPITAL, stream=False).text == PARIS
    assert not cloud.requests


def test_a_provider_counts_no_tokens_for_it(thrifty: Gateway, cloud: Upstream) -> None:
    asked = {"model": "claude-opus", "messages": [{"role": "user", "content": CAPITAL}]}
    answer = thrifty.post("/v1/messages/count_tokens", asked, authorization=f"Bearer {KEY}")
    assert answer.status_code == 402
    assert not cloud.requests


def test_models_that_only_a_provider_answers_are_not_listed(thrifty: Gateway) -> None:
    mine, everybodys = listed(thrifty, KEY), listed(thrifty, thrifty.key)
    assert {"demo", "local-first"} <= mine <= everybodys
    assert everybodys - mine == {"renamed", "renamed-claude"}


def test_a_budget_of_something_is_not_counted(gateway: Gateway, cloud: Upstream) -> None:
    entry = '[[client_keys]]\nname = "rich"\nkey_env = "RICH_KEY"\nmonthly_budget = 0.01\n'
    gateway.configure(entry, RICH_KEY="a-client-key-with-a-budget")
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="a-client-key-with-a-budget") as client:
        assert ask_openai(client, "gpt-5", CAPITAL, stream=False).text
    assert len(cloud.requests) == 1


def listed(gateway: Gateway, key: str) -> set[str]:
    page: dict[str, Any] = httpx2.get(f"{gateway.url}/v1/models", headers={"authorization": f"Bearer {key}"}).json()
    return {model["id"] for model in page["data"]}
