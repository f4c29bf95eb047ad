"""What a request asks for, translated: it arrives in the other vendor's words, or the client is told that it cannot."""

from typing import Any

from benchmarks.faults.check import Ask, Check, Outcome
from benchmarks.faults.checks.openai_histories import IMAGE, PNG
from benchmarks.faults.checks.tools import ANTHROPIC_TOOLS, OPENAI_TOOLS
from benchmarks.faults.must import hear, says
from benchmarks.faults.received import acceptable, has, or_refused, sent
from benchmarks.faults.scripts import Json
from tests.vendor_answers import TEXT

SOUND = {"type": "input_audio", "input_audio": {"data": "c291bmQ=", "format": "wav"}}
PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
NAMED = {"type": "function", "function": {"name": "get_weather"}}
CACHED = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}
BARE = {"type": "function", "function": {"name": "bare"}}
TEXT_PART = {"type": "text", "text": "Hi"}
THOUGHT = {
    "role": "assistant",
    "content": [
        {"type": "thinking", "thinking": "Two.  Two.", "signature": "c2ln+/="},
        {"type": "text", "text": "Four."},
    ],
}
COOKIE = {"cookie": "session=a-cookie-of-the-client"}


def to_anthropic(**body: Any) -> Ask:
    return Ask("openai", "anthropic", body=body)


def to_openai(**body: Any) -> Ask:
    return Ask("anthropic", "openai", body=body)


def user(*parts: Json) -> list[Json]:
    return [{"role": "user", "content": list(parts)}]


def no_secret(outcome: Outcome) -> None:
    """Neither the client's key nor its cookies are the upstream's business."""
    assert outcome.first, "nothing was sent"
    headers = {name.lower(): value for name, value in outcome.first[0].headers}
    assert "cookie" not in headers, "the cookie was sent on"
    assert any("sk-upstream" in value for value in headers.values()), "the upstream's key is missing"
    assert not any("a-client-key" in value for value in headers.values()), "the client's key was sent on"


def beta_travels(outcome: Outcome) -> None:
    given = outcome.first[0].header("anthropic-beta") or ""
    assert "context-1m-2025-08-07" in given, f"anthropic-beta is {given!r}"


def two_choices(outcome: Outcome) -> None:
    assert len(hear_choices(outcome)) == 2, "not two choices"


def hear_choices(outcome: Outcome) -> list[Any]:
    return list(hear(outcome).whole.choices)


def single(body: Json) -> bool:
    choice = body.get("tool_choice") or {}
    return choice.get("disable_parallel_tool_use") is True and choice.get("type") == "auto"


def usage_asked_for(body: Json) -> bool:
    return bool((body.get("stream_options") or {}).get("include_usage"))


def any_tool(body: Json) -> bool:
    return bool(body["tool_choice"]["type"] == "any")


def named_tool(body: Json) -> bool:
    choice = body["tool_choice"]
    return bool(choice["type"] == "tool" and choice["name"] == "get_weather")


def in_base64(body: Json) -> bool:
    [image] = [part for part in body["messages"][0]["content"] if part["type"] == "image"]
    return bool(image["source"] == {"type": "base64", "media_type": "image/png", "data": PNG})


def in_a_url(body: Json) -> bool:
    [image] = [part for part in body["messages"][0]["content"] if part["type"] == "image_url"]
    return bool(image["image_url"]["url"] == f"data:image/png;base64,{PNG}")


REQUESTS = (
    Check("max_tokens is there although the client gave none", to_anthropic(max_tokens=None), (acceptable, says(TEXT))),
    Check(
        "max_completion_tokens",
        to_anthropic(max_tokens=None, max_completion_tokens=77),
        (acceptable, sent(lambda body: body["max_tokens"] == 77, "max_tokens is 77")),
    ),
    Check(
        "a temperature of 0",
        to_anthropic(temperature=0),
        (acceptable, sent(lambda body: body.get("temperature") == 0, "temperature is 0")),
    ),
    Check(
        "a stop text",
        to_anthropic(stop="END"),
        (acceptable, sent(lambda body: body.get("stop_sequences") == ["END"], "stop_sequences is a list")),
    ),
    Check(
        "the role developer",
        to_anthropic(messages=[{"role": "developer", "content": "Be brief."}, *user({"type": "text", "text": "Hi"})]),
        (acceptable, sent(lambda body: "Be brief." in str(body.get("system")), "it is in system")),
    ),
    Check(
        "tools required",
        to_anthropic(tools=OPENAI_TOOLS, tool_choice="required"),
        (acceptable, sent(any_tool, "tool_choice is any")),
    ),
    Check(
        "a tool named",
        to_anthropic(tools=OPENAI_TOOLS, tool_choice=NAMED),
        (acceptable, sent(named_tool, "tool_choice names it")),
    ),
    Check(
        "no parallel tools",
        to_anthropic(tools=OPENAI_TOOLS, parallel_tool_calls=False),
        (acceptable, sent(single, "disable_parallel_tool_use")),
    ),
    Check("a tool without parameters", to_anthropic(tools=[BARE]), (acceptable, has("bare"))),
    Check("an image", to_anthropic(messages=user(PICTURE)), (acceptable, sent(in_base64, "the image is there"))),
    Check(
        "sound is kept or refused",
        to_anthropic(messages=user({"type": "text", "text": "Hear"}, SOUND)),
        (or_refused(has("c291bmQ=")),),
    ),
    Check("two choices are made or refused", to_anthropic(n=2), (or_refused(two_choices),)),
    Check("secrets stay here, openai to anthropic", Ask("openai", "anthropic", headers=COOKIE), (no_secret,)),
    Check("secrets stay here, anthropic to anthropic", Ask("anthropic", "anthropic", headers=COOKIE), (no_secret,)),
    Check(
        "thinking goes back as it came",
        Ask("anthropic", "anthropic", body={"messages": [*user(TEXT_PART), THOUGHT, *user(TEXT_PART)]}),
        (sent(lambda body: body["messages"][1] == THOUGHT, "the turn is unchanged"),),
    ),
    Check(
        "anthropic-beta travels on",
        Ask("anthropic", "anthropic", headers={"anthropic-beta": "context-1m-2025-08-07"}),
        (beta_travels,),
    ),
    Check(
        "an image, toward OpenAI", to_openai(messages=user(IMAGE)), (acceptable, sent(in_a_url, "the image is there"))
    ),
    Check(
        "usage is asked for in a stream",
        Ask("anthropic", "openai", stream=True),
        (sent(usage_asked_for, "include_usage"),),
    ),
    Check(
        "no cache_control for OpenAI",
        to_openai(messages=user(CACHED), system=[CACHED]),
        (acceptable, sent(lambda body: "cache_control" not in str(body), "no cache_control")),
    ),
    Check(
        "any tool",
        to_openai(tools=ANTHROPIC_TOOLS, tool_choice={"type": "any"}),
        (acceptable, sent(lambda body: body["tool_choice"] == "required", "tool_choice is required")),
    ),
    Check(
        "no parallel tools, toward OpenAI",
        to_openai(tools=ANTHROPIC_TOOLS, tool_choice={"type": "auto", "disable_parallel_tool_use": True}),
        (acceptable, sent(lambda body: body.get("parallel_tool_calls") is False, "parallel_tool_calls is false")),
    ),
    Check(
        "stop sequences",
        to_openai(stop_sequences=["END"]),
        (acceptable, sent(lambda body: body.get("stop") in (["END"], "END"), "stop")),
    ),
)
