"""Client keys with limits, over HTTP: who is let in, what a refusal says, and what each answer tells of the limits."""

import re
import time
from datetime import UTC, datetime
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from inference.backends.retry_after import duration
from tests.answers import Answer, events, plain, refusal
from tests.end_to_end.questions import CHUNK, ask_anthropic, ask_openai, fresh
from tests.gateway import Gateway, wait_until
from tests.scraping import scrape
from tests.upstreams import Upstream
from tests.vendor_answers import anthropic_message, anthropic_message_events, openai_chat, openai_chat_events

CHAT, MESSAGES, COUNT = "/v1/chat/completions", "/v1/messages", "/v1/messages/count_tokens"
LONG = "h" * 5000
ANSWER = openai_chat({"model": "gpt", "messages": [{"role": "user", "content": "Hello"}]})


def limit(gateway: Gateway, name: str, **limits: int) -> str:
    """The key, which is as old as its name: its limits are those given from here on."""
    key = f"a-client-key-that-is-{name}"
    fields = "".join(f"{field} = {value}\n" for field, value in limits.items())
    gateway.configure(f'[[client_keys]]\nname = "{name}"\nkey_env = "LIMITED_KEY"\n{fields}', LIMITED_KEY=key)
    return key


def ask(gateway: Gateway, key: str, path: str = CHAT, *, words: str = "Hello", **fields: Any) -> httpx2.Response:
    model = "gpt-limited" if path == CHAT else "claude-limited"
    body = {"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": words}], **fields}
    return gateway.post(path, body, authorization=f"Bearer {key}")


def dear(path: str, *, stream: bool) -> Answer:
    """An answer as the vendor's that says it cost 2000 tokens to write."""
    asked = {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream_options": {"include_usage": True},
    }
    if stream:
        chunks = openai_chat_events(asked) if path == CHAT else anthropic_message_events(asked)
        return events(*(re.sub(rb'(output|completion)_tokens": \d+', rb'\1_tokens": 2000', chunk) for chunk in chunks))
    whole = openai_chat(asked) if path == CHAT else anthropic_message(asked)
    whole["usage"]["completion_tokens" if path == CHAT else "output_tokens"] = 2000
    return plain(whole)


def left(gateway: Gateway, key: str) -> int:
    """The tokens, as a count that costs none tells them."""
    return int(ask(gateway, key, COUNT).headers["anthropic-ratelimit-tokens-remaining"])


def openai_client(gateway: Gateway, key: str, *, retries: int = 0) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=retries)


def anthropic_client(gateway: Gateway, key: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=gateway.url, api_key=key, max_retries=0)


def test_both_sdks_are_told_of_a_limit_in_their_own_words(gateway: Gateway, cloud: Upstream) -> None:
    key = limit(gateway, "brisk", requests_per_minute=2)
    with openai_client(gateway, key) as client:
        ask_openai(client, "gpt-limited", "Hello", stream=False)
        ask_openai(client, "claude-limited", "Hello", stream=True)
        with pytest.raises(openai.RateLimitError) as refused:
            ask_openai(client, "gpt-limited", "Hello", stream=True)
    assert (refused.value.code, refused.value.type) == ("rate_limit_exceeded", "rate_limit_error")
    said = "The client key brisk has reached its limit of 2 requests per minute."
    assert said in str(refused.value)
    assert 1 <= int(refused.value.response.headers["retry-after"]) <= 30
    with anthropic_client(gateway, key) as other, pytest.raises(anthropic.RateLimitError) as refused_too:
        ask_anthropic(other, "claude-limited", "Hello", stream=False)
    assert said in str(refused_too.value)
    assert 1 <= int(refused_too.value.response.headers["retry-after"]) <= 30
    assert len(cloud.requests) == 2


def test_who_waits_as_long_as_told_gets_in(gateway: Gateway, cloud: Upstream) -> None:
    key = limit(gateway, "patient", requests_per_minute=30)
    while (answer := ask(gateway, key)).status_code == 200:
        pass
    time.sleep(int(answer.headers["retry-after"]))
    assert ask(gateway, key).status_code == 200
    with openai_client(gateway, key, retries=1) as client:
        # What is left may be a request or none: the SDK waits by itself.
        assert [ask_openai(client, "gpt-limited", "Hello", stream=False).text for _ in range(2)]


def test_headers_tell_openai_clients_what_is_left(gateway: Gateway, cloud: Upstream) -> None:
    key = limit(gateway, "told", requests_per_minute=4, tokens_per_minute=1000)
    cloud.script(plain(ANSWER, headers=(("x-ratelimit-limit-requests", "9999"),)))
    answer = ask(gateway, key)
    assert answer.headers.get_list("x-ratelimit-limit-requests") == ["4"]
    assert answer.headers["x-ratelimit-limit-tokens"] == "1000"
    assert answer.headers["x-ratelimit-remaining-requests"] == "3"
    assert 900 < int(answer.headers["x-ratelimit-remaining-tokens"]) < 1000
    reset = duration(answer.headers["x-ratelimit-reset-requests"])
    assert reset is not None
    assert 10 < reset <= 15
    # Upstream's own refusal passes as it came, without the upstream's limits.
    cloud.script(refusal(400, headers=(("x-ratelimit-remaining-requests", "77"),)))
    refused = ask(gateway, key)
    assert (refused.status_code, refused.headers["x-ratelimit-remaining-requests"]) == (400, "2")
    assert not [name for name in refused.headers if name.startswith("anthropic")]


def test_headers_tell_anthropic_clients_what_is_left(gateway: Gateway, cloud: Upstream) -> None:
    key = limit(gateway, "told-too", requests_per_minute=1, tokens_per_minute=1000)
    answer, refused = ask(gateway, key, MESSAGES), ask(gateway, key, MESSAGES)
    assert (answer.status_code, refused.status_code) == (200, 429)
    for one, left in ((answer, "0"), (refused, "0")):
        assert one.headers["anthropic-ratelimit-requests-limit"] == "1"
        assert one.headers["anthropic-ratelimit-requests-remaining"] == left
        assert one.headers["anthropic-ratelimit-tokens-limit"] == "1000"
        assert 900 < int(one.headers["anthropic-ratelimit-tokens-remaining"]) <= 1000
        reset = datetime.fromisoformat(one.headers["anthropic-ratelimit-requests-reset"])
        assert 50 < (reset - datetime.now(UTC)).total_seconds() <= 61
        assert not [name for name in one.headers if name.startswith("x-ratelimit")]


def test_a_key_without_limits_hears_the_upstreams(gateway: Gateway, cloud: Upstream) -> None:
    cloud.script(plain(ANSWER, headers=(("x-ratelimit-limit-requests", "9999"),)))
    answer = ask(gateway, gateway.key)
    assert answer.headers["x-ratelimit-limit-requests"] == "9999"
    assert [name for name in answer.headers if "ratelimit" in name] == ["x-ratelimit-limit-requests"]


def test_what_holds_more_tokens_than_a_minute_allows_is_refused_for_good(gateway: Gateway, cloud: Upstream) -> None:
    key = limit(gateway, "small", tokens_per_minute=1000)
    for path in (CHAT, MESSAGES):
        refused = ask(gateway, key, path, words=LONG)
        assert refused.status_code == 429
        message = refused.json()["error"]["message"]
        assert message.startswith("This request never fits: it holds about 12")
        assert message.endswith("the client key small has a limit of 1000 tokens per minute.")
        # The SDKs would wait and send it again.
        assert refused.headers["x-should-retry"] == "false"
        assert "retry-after" not in refused.headers
    assert not cloud.requests


def test_a_limit_of_nothing_allows_nothing(gateway: Gateway, cloud: Upstream) -> None:
    key = limit(gateway, "shut", requests_per_minute=0)
    refused = ask(gateway, key)
    assert (refused.status_code, refused.headers["x-should-retry"]) == (429, "false")
    assert not cloud.requests


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_what_an_answer_cost_settles_the_estimate(gateway: Gateway, cloud: Upstream, path: str, stream: bool) -> None:
    key = limit(gateway, fresh("settled"), tokens_per_minute=3000)
    cloud.script(dear(path, stream=stream))
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if path == CHAT else {}
    ask(gateway, key, path, stream=stream, **options)
    wait_until(lambda: left(gateway, key) < 1400)
    # 12 read and 2000 written of 3000, and 50 come back each second.
    assert left(gateway, key) >= 988


def test_what_was_written_beyond_the_limit_is_a_debt(gateway: Gateway, cloud: Upstream) -> None:
    key = limit(gateway, "indebted", tokens_per_minute=600)
    spent = {**ANSWER, "usage": {"prompt_tokens": 100, "completion_tokens": 1000, "total_tokens": 1100}}
    cloud.script(plain(spent))
    answer = ask(gateway, key)
    assert answer.headers["x-ratelimit-remaining-tokens"] == "0"
    refused = ask(gateway, key)
    assert refused.status_code == 429
    assert refused.json()["error"]["message"].endswith("has a limit of 600 tokens per minute, of which 0 are left.")
    # 500 of debt and some 30 for the next come back at 10 a second.
    assert 45 < int(refused.headers["retry-after"]) <= 55


def test_a_stream_without_usage_costs_what_is_estimated(gateway: Gateway, cloud: Upstream) -> None:
    key = limit(gateway, "untold", tokens_per_minute=6000)
    cloud.script(events(*[CHUNK] * 3000, b"data: [DONE]\n\n"))
    ask(gateway, key, stream=True)
    wait_until(lambda: left(gateway, key) < 3500)
    assert left(gateway, key) > 2900


def test_a_request_that_was_not_answered_costs_no_tokens(gateway: Gateway, cloud: Upstream) -> None:
    key = limit(gateway, "unanswered", tokens_per_minute=1500)
    cloud.script(refusal(400))
    refused = ask(gateway, key, words=LONG)
    assert (refused.status_code, refused.headers["x-ratelimit-remaining-tokens"]) == (400, "1500")


def test_a_count_costs_a_request_and_no_tokens_a_list_nothing(gateway: Gateway, cloud: Upstream) -> None:
    key = limit(gateway, "counting", requests_per_minute=2, tokens_per_minute=500)
    counted = ask(gateway, key, COUNT, words=LONG)
    assert counted.status_code == 200
    assert counted.headers["anthropic-ratelimit-requests-remaining"] == "1"
    assert counted.headers["anthropic-ratelimit-tokens-remaining"] == "500"
    for _ in range(3):
        shown = {"authorization": f"Bearer {key}"}
        assert httpx2.get(f"{gateway.url}/v1/models", headers=shown).status_code == 200
    assert ask(gateway, key, model=fresh("unheard-of")).status_code == 404
    assert ask(gateway, key, COUNT).status_code == 200
    assert ask(gateway, key, COUNT).status_code == 429


def test_a_changed_limit_holds_within_two_seconds(gateway: Gateway, cloud: Upstream) -> None:
    key = limit(gateway, "changing", requests_per_minute=1)
    assert [ask(gateway, key).status_code for _ in range(2)] == [200, 429]
    limit(gateway, "changing", requests_per_minute=3)
    assert [ask(gateway, key).status_code for _ in range(3)] == [200, 200, 429]
    limit(gateway, "changing")
    answers = [ask(gateway, key) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    assert not [name for name in answers[-1].headers if "ratelimit" in name]


def test_refusals_are_counted_by_the_limit(gateway: Gateway) -> None:
    shut, small = limit(gateway, "counted", requests_per_minute=0), limit(gateway, "counted-too", tokens_per_minute=1)
    before = scrape(gateway)
    ask(gateway, shut)
    ask(gateway, small)
    after = scrape(gateway)
    for unit in ("requests", "tokens"):
        name = "limited_requests_total"
        assert after.of(name, limit=unit) - before.of(name, limit=unit) == 1
    refused = {"status": "4xx", "outcome": "rate_limit_exceeded"}
    assert after.of("requests_total", **refused) - before.of("requests_total", **refused) == 2
