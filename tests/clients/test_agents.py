"""Agents as their users run them, over both protocols, with either vendor's behind the gateway."""

import struct
import sys
import zlib
from pathlib import Path

import pytest

from tests.clients import agents
from tests.clients.agent_script import NOTHING_TO_READ, SECRET, TOLD, agent_script
from tests.clients.agents import Agent, Place
from tests.gateway import Gateway
from tests.upstreams import Upstream

OPENAI, ANTHROPIC = "/v1/chat/completions", "/v1/messages"
BACKENDS = pytest.mark.parametrize(("model", "asked"), [("gpt-agent", OPENAI), ("claude-agent", ANTHROPIC)])
AIDER_RUNS = pytest.mark.skipif(sys.version_info >= (3, 13), reason="aider cannot be installed for this Python")


@pytest.fixture
def place(gateway: Gateway, tmp_path: Path) -> Place:
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    return Place(gateway, home, folder)


@pytest.fixture(autouse=True)
def _scripted(cloud: Upstream, place: Place) -> None:
    place.file.write_text(f"The word is {SECRET}.\n", encoding="utf-8")
    cloud.forget()
    cloud.always = agent_script(place.file)


@pytest.mark.parametrize(
    "agent",
    [
        agents.claude,
        agents.opencode_openai,
        agents.opencode_anthropic,
        agents.qwen_openai,
        agents.qwen_anthropic,
        agents.llm_openai,
    ],
)
@BACKENDS
def test_an_agent_reads_a_file_and_tells_what_it_said(
    place: Place, cloud: Upstream, agent: Agent, model: str, asked: str
) -> None:
    check_loop(place, cloud, agent, model, asked)


@pytest.mark.parametrize(("model", "asked"), [("claude-opus-4.8", OPENAI), ("claude-sonnet-5", ANTHROPIC)])
def test_llm_reads_a_file_through_a_model_it_knows(place: Place, cloud: Upstream, model: str, asked: str) -> None:
    check_loop(place, cloud, agents.llm_anthropic, model, asked)


@BACKENDS
def test_claude_shows_a_picture(place: Place, cloud: Upstream, model: str, asked: str) -> None:
    picture = place.folder / "picture.png"
    picture.write_bytes(png())
    cloud.always = agent_script(picture)
    check_loop(place, cloud, agents.claude, model, asked)


def check_loop(place: Place, cloud: Upstream, agent: Agent, model: str, asked: str) -> None:
    ran = agent(place, model)
    assert f"{TOLD}: {SECRET}" in ran.output, ran
    assert ran.code == 0
    assert {request.target.partition("?")[0] for request in cloud.requests} == {asked}


@AIDER_RUNS
@pytest.mark.parametrize("agent", [agents.aider_openai, agents.aider_anthropic])
@BACKENDS
def test_aider_edits_a_file(place: Place, cloud: Upstream, agent: Agent, model: str, asked: str) -> None:
    ran = agent(place, model)
    assert place.file.read_text(encoding="utf-8") == f"{NOTHING_TO_READ}\n", ran
    assert ran.code == 0
    assert {request.target for request in cloud.requests} == {asked}


def test_claude_says_that_the_demo_model_is_too_small_for_it(place: Place) -> None:
    ran = agents.claude(place, "demo")
    assert ran.code == 1
    assert "Prompt is too long" in ran.output
    assert "limit 4096" in ran.output


# The plug-in asks Claude for a temperature of 1 where nobody says otherwise, and then the demo model says anything.
SURE = ("--option", "temperature", "0")
LOCAL = pytest.mark.parametrize("model", ["gateway", "claude-haiku-5-5"])


@LOCAL
@pytest.mark.parametrize("options", [(), ("--no-stream",)], ids=["stream", "plain"])
def test_llm_hears_paris_from_the_local_model(place: Place, model: str, options: tuple[str, ...]) -> None:
    ran = agents.llm(place, model, *SURE, *options, "What is the capital of France?")
    assert ran.output.strip() == "The capital of France is Paris.", ran


@LOCAL
def test_llm_runs_the_tool_that_the_local_model_calls(place: Place, model: str) -> None:
    tool = "def get_weather(city: str) -> str:\n    'Get the weather'\n    print('asked', city)\n    return 'rain'\n"
    ran = agents.llm(place, model, *SURE, "--functions", tool, "What is the weather in Paris?")
    assert "asked Paris\n" in ran.output, ran


def png(side: int = 16) -> bytes:
    """A red square."""
    rows = (b"\0" + b"\xff\0\0" * side) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
