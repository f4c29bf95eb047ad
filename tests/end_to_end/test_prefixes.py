"""A prompt's beginning that was read before is told in the words of either protocol, and an agent's turns find it."""

from itertools import pairwise
from typing import Any

import anthropic
import openai
import pytest

from tests.gateway import CLIENT_KEY, Gateway

DEMO = "mlxmanager/demo"
OTHER_KEY = "another-client-key-of-the-tests"
LONG = "Tell me a story about a fox. " * 12
BASH: dict[str, Any] = {
    "name": "Bash",
    "description": "Runs a command and returns what it prints. " * 4,
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
}


@pytest.fixture(scope="module")
def keys(_gateway: Gateway) -> tuple[str, str]:
    """Two clients' keys."""
    _gateway.configure('[[client_keys]]\nname = "other"\nkey_env = "OTHER_KEY"\n', OTHER_KEY=OTHER_KEY)
    return CLIENT_KEY, OTHER_KEY


def openai_usage(gateway: Gateway, key: str) -> tuple[int, int]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0) as client:
        answer = client.chat.completions.create(
            model=DEMO, max_tokens=4, messages=[{"role": "user", "content": f"OpenAI. {LONG}"}]
        )
    assert answer.usage is not None
    assert answer.usage.prompt_tokens_details is not None
    return answer.usage.prompt_tokens, answer.usage.prompt_tokens_details.cached_tokens or 0


def anthropic_usage(gateway: Gateway, key: str) -> anthropic.types.Usage:
    with anthropic.Anthropic(base_url=gateway.url, api_key=key, max_retries=0) as client:
        return client.messages.create(
            model=DEMO, max_tokens=4, messages=[{"role": "user", "content": f"Anthropic. {LONG}"}]
        ).usage


def test_openai_clients_read_cached_tokens_of_their_own_key(gateway: Gateway, keys: tuple[str, str]) -> None:
    whole, first = openai_usage(gateway, keys[0])
    assert first == 0
    assert openai_usage(gateway, keys[1]) == (whole, 0)
    assert [openai_usage(gateway, key) for key in keys] == [(whole, whole - 1)] * 2


def test_anthropic_clients_read_them_apart_from_what_was_read_now(gateway: Gateway, keys: tuple[str, str]) -> None:
    first, other, second = (anthropic_usage(gateway, key) for key in (keys[0], keys[1], keys[0]))
    assert (first.cache_read_input_tokens, other.cache_read_input_tokens) == (0, 0)
    assert other.input_tokens == first.input_tokens
    assert (second.input_tokens, second.cache_read_input_tokens) == (1, first.input_tokens - 1)


def agent_turn(billing: str, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """As Claude Code asks: a first system block that changes, later instructions, and the mark on the last message."""
    ephemeral = {"type": "ephemeral"}
    *earlier, last = messages
    marked = [*last["content"][:-1], last["content"][-1] | {"cache_control": ephemeral}]
    return {
        "model": DEMO,
        "max_tokens": 30,
        "system": [
            {"type": "text", "text": f"x-anthropic-billing-header: cc_version=2.1.197.{billing}; cch={billing};"},
            {"type": "text", "text": "You are an agent.", "cache_control": ephemeral},
            {"type": "text", "text": "You help with software. " * 10, "cache_control": ephemeral},
        ],
        "tools": [BASH],
        "messages": [*earlier, last | {"content": marked}],
    }


def said(role: str, *texts: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text} for text in texts]}


def test_an_agents_turns_find_what_the_turn_before_has_read(gateway: Gateway, keys: tuple[str, str]) -> None:
    messages = [said("user", "<system-reminder>Be brief.</system-reminder>", "Say hi."), said("system", "No agents.")]
    turns: list[dict[str, int]] = []
    for billing in ("123", "02b", "9ff"):
        answer = gateway.post("/v1/messages?beta=true", agent_turn(billing, messages), **{"x-api-key": keys[0]}).json()
        turns.append(answer["usage"])
        call = {"type": "tool_use", "id": f"toolu_{billing}", "name": "Bash", "input": {"command": "echo ok"}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{billing}", "content": "ok"}
        messages += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    assert turns[0]["cache_read_input_tokens"] == 0
    for before, after in pairwise(turns):
        read = before["input_tokens"] + before["cache_read_input_tokens"]
        # All of the turn before but what opened its answer; and little is new.
        assert after["cache_read_input_tokens"] >= read - 8
        assert after["input_tokens"] < 80
