"""What the vendors' SDKs for Node, and Vercel's, make of the gateway's answers: their own accumulated messages."""

import pytest

from tests.clients.conversations import CONVERSATIONS, expected, say
from tests.clients.sdks import SDKS, Json, Sdk, case, hold
from tests.clients.turns import OVERLOADED, REFUSED, REFUSED_STATUS
from tests.gateway import Gateway
from tests.upstreams import Upstream

# The prefix leads to the one vendor or the other, the rest picks the conversation.
VENDORS = ("gpt", "claude")
CAPITAL = "What is the capital of France?"
LOCAL = {
    "plain": case("demo", CAPITAL, stream=False),
    "streamed": case("demo", CAPITAL, stream=True),
    "tool": case("demo", "What is the weather in Paris?", stream=True, tools=True),
    "parallel": case("demo", "What is the weather in Paris and Rome?", stream=True, tools=True),
    "cut": case("demo", CAPITAL, stream=True, limit=3),
    "too-long": case("demo", "one two three " * 4000, stream=True),
}

type Heard = dict[tuple[str, str], Json]


@pytest.fixture(scope="module", params=SDKS)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    return SDKS[request.param]


@pytest.fixture(scope="module")
def heard(sdk: Sdk, gateway: Gateway, cloud: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """By vendor and conversation, all of it from one run of the SDK."""
    cloud.always = say
    cases = {
        (vendor, name): case(f"{vendor}-{name}", stream=conversation.stream, tools=conversation.tools)
        for vendor in VENDORS
        for name, conversation in CONVERSATIONS.items()
    } | {("local", name): asked for name, asked in LOCAL.items()}
    answers = hold(sdk, gateway, list(cases.values()), home=tmp_path_factory.mktemp("sdk") / "home")
    return dict(zip(cases, answers, strict=True))


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("name", [name for name, held in CONVERSATIONS.items() if not held.turns[-1].breaks])
def test_the_sdk_hears_what_the_upstream_said(sdk: Sdk, heard: Heard, vendor: str, name: str) -> None:
    assert heard[vendor, name] == {"answers": sdk.answers(expected(CONVERSATIONS[name])), "error": None}


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("name", ["refused", "plain-refused"])
def test_the_sdk_raises_a_refusal_with_its_status(heard: Heard, vendor: str, name: str) -> None:
    error = heard[vendor, name]["error"]
    assert error["status"] == REFUSED_STATUS
    assert REFUSED in error["message"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_sdk_raises_an_error_in_mid_stream(heard: Heard, vendor: str) -> None:
    assert heard[vendor, "error"]["answers"] == []
    assert OVERLOADED in heard[vendor, "error"]["error"]["message"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_sdk_raises_the_early_end_of_a_stream(heard: Heard, vendor: str) -> None:
    assert heard[vendor, "truncated"]["answers"] == []
    assert "ended too early" in heard[vendor, "truncated"]["error"]["message"]


@pytest.mark.parametrize("name", ["plain", "streamed"])
def test_the_sdk_hears_paris_from_the_local_model(sdk: Sdk, heard: Heard, name: str) -> None:
    [answer] = heard["local", name]["answers"]
    assert answer["text"] == "The capital of France is Paris."
    assert answer["thinking"] == ("The capital of France is known." if sdk.shows_thinking else "")
    assert answer["ended"] == sdk.ended[0]


@pytest.mark.parametrize(("name", "cities"), [("tool", ["Paris"]), ("parallel", ["Paris", "Rome"])])
def test_the_sdk_runs_the_tools_that_the_local_model_calls(
    sdk: Sdk, heard: Heard, name: str, cities: list[str]
) -> None:
    called, told = heard["local", name]["answers"]
    assert called["calls"] == [["get_weather", {"city": city}] for city in cities]
    assert called["ended"] == sdk.ended[1]
    assert told["text"].startswith("The result is")
    assert told["ended"] == sdk.ended[0]


def test_the_sdk_sees_that_the_local_model_was_cut_short(sdk: Sdk, heard: Heard) -> None:
    [answer] = heard["local", "cut"]["answers"]
    assert answer["ended"] == sdk.ended[2]
    assert answer["usage"][1] == 3


def test_the_sdk_raises_that_the_prompt_is_too_long_for_the_local_model(heard: Heard) -> None:
    assert heard["local", "too-long"]["answers"] == []
    assert heard["local", "too-long"]["error"]["status"] == 400
