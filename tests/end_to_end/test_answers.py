"""The main job, through the vendors' own SDKs: real answers from the real model and from both kinds of upstream."""

import anthropic
import openai
import pytest

from tests.end_to_end.questions import CAPITAL, WEATHER, Heard, ask_anthropic, ask_openai
from tests.upstreams import Upstream

MODES = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
CLOUDS = pytest.mark.parametrize("model", ["gpt-5", "claude-sonnet"])


@MODES
def test_openai_client_hears_paris_from_the_local_model(openai_client: openai.OpenAI, stream: bool) -> None:
    heard = ask_openai(openai_client, "demo", CAPITAL, stream=stream)
    assert "Paris" in heard.text
    assert heard.ended == "stop"
    assert heard.input_tokens > 5
    assert heard.output_tokens > 3


@MODES
def test_anthropic_client_hears_paris_from_the_local_model(anthropic_client: anthropic.Anthropic, stream: bool) -> None:
    heard = ask_anthropic(anthropic_client, "demo", CAPITAL, stream=stream)
    assert "Paris" in heard.text
    assert heard.ended == "end_turn"
    assert heard.input_tokens > 5
    assert heard.output_tokens > 3


@MODES
def test_openai_client_gets_the_right_call_from_the_local_model(openai_client: openai.OpenAI, stream: bool) -> None:
    heard = ask_openai(openai_client, "demo", WEATHER, stream=stream, tools=True)
    assert heard.calls == [("get_weather", {"city": "Paris"})]
    assert heard.ended == "tool_calls"


@MODES
def test_anthropic_client_gets_the_right_call_from_the_local_model(
    anthropic_client: anthropic.Anthropic, stream: bool
) -> None:
    heard = ask_anthropic(anthropic_client, "demo", WEATHER, stream=stream, tools=True)
    assert heard.calls == [("get_weather", {"city": "Paris"})]
    assert heard.ended == "tool_use"


@MODES
@CLOUDS
def test_openai_client_reads_both_clouds(
    openai_client: openai.OpenAI, cloud: Upstream, model: str, stream: bool
) -> None:
    heard = ask_openai(openai_client, model, CAPITAL, stream=stream)
    check_text(heard, "stop")
    assert cloud.requests[-1].target == ("/v1/chat/completions" if model == "gpt-5" else "/v1/messages")


@MODES
@CLOUDS
def test_anthropic_client_reads_both_clouds(
    anthropic_client: anthropic.Anthropic, cloud: Upstream, model: str, stream: bool
) -> None:
    heard = ask_anthropic(anthropic_client, model, CAPITAL, stream=stream)
    check_text(heard, "end_turn")
    assert cloud.requests[-1].target == ("/v1/chat/completions" if model == "gpt-5" else "/v1/messages")


@MODES
@CLOUDS
def test_openai_client_gets_calls_from_both_clouds(openai_client: openai.OpenAI, model: str, stream: bool) -> None:
    heard = ask_openai(openai_client, model, WEATHER, stream=stream, tools=True)
    assert heard.calls == [("get_weather", {"city": "Paris"})]
    assert heard.ended == "tool_calls"


@MODES
@CLOUDS
def test_anthropic_client_gets_calls_from_both_clouds(
    anthropic_client: anthropic.Anthropic, model: str, stream: bool
) -> None:
    heard = ask_anthropic(anthropic_client, model, WEATHER, stream=stream, tools=True)
    assert heard.calls == [("get_weather", {"city": "Paris"})]
    assert heard.ended == "tool_use"


def check_text(heard: Heard, ended: str) -> None:
    assert heard.text == "Hello from upstream"
    assert heard.ended == ended
    assert heard.input_tokens > 0
    assert heard.output_tokens > 0
