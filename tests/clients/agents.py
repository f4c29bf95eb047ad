"""How each agent is pointed at the gateway, asked one thing, and kept from everything else it likes to do."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.clients.programs import PYTHON_PROGRAMS, Ran, run
from tests.gateway import Gateway

QUESTION = "What does secret.txt say?"


@dataclass(frozen=True, slots=True)
class Place:
    """`home` is the agent's, `folder` what it works in."""

    gateway: Gateway
    home: Path
    folder: Path

    @property
    def file(self) -> Path:
        """What it is to read or to edit."""
        return self.folder / "secret.txt"

    def run(self, *command: str, **environment: str) -> Ran:
        return run(*command, home=self.home, folder=self.folder, environment=environment)


type Agent = Callable[[Place, str], Ran]


def claude(place: Place, model: str) -> Ran:
    return place.run(
        *("claude", "-p", QUESTION, "--model", model, "--allowedTools", "Read"),
        ANTHROPIC_BASE_URL=place.gateway.url,
        ANTHROPIC_AUTH_TOKEN=place.gateway.key,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
    )


def opencode_openai(place: Place, model: str) -> Ran:
    return opencode(place, model, "@ai-sdk/openai-compatible")


def opencode_anthropic(place: Place, model: str) -> Ran:
    return opencode(place, model, "@ai-sdk/anthropic")


def opencode(place: Place, model: str, package: str) -> Ran:
    options = {"baseURL": f"{place.gateway.url}/v1", "apiKey": place.gateway.key}
    provider = {"npm": package, "options": options, "models": {model: {}}}
    config = {"provider": {"mlxmanager": provider}, "autoupdate": False, "share": "disabled"}
    (place.folder / "opencode.json").write_text(json.dumps(config), encoding="utf-8")
    return place.run("opencode", "run", "--model", f"mlxmanager/{model}", QUESTION, OPENCODE_DISABLE_MODELS_FETCH="1")


def qwen_openai(place: Place, model: str) -> Ran:
    return place.run(
        *("qwen", "--auth-type", "openai", "--model", model, QUESTION),
        OPENAI_BASE_URL=f"{place.gateway.url}/v1",
        OPENAI_API_KEY=place.gateway.key,
    )


def qwen_anthropic(place: Place, model: str) -> Ran:
    return place.run(
        *("qwen", "--auth-type", "anthropic", "--model", model, QUESTION),
        ANTHROPIC_BASE_URL=place.gateway.url,
        ANTHROPIC_API_KEY=place.gateway.key,
        ANTHROPIC_MODEL=model,
    )


def aider_openai(place: Place, model: str) -> Ran:
    return aider(place, f"openai/{model}", OPENAI_API_BASE=f"{place.gateway.url}/v1", OPENAI_API_KEY=place.gateway.key)


def aider_anthropic(place: Place, model: str) -> Ran:
    return aider(place, f"anthropic/{model}", ANTHROPIC_API_BASE=place.gateway.url, ANTHROPIC_API_KEY=place.gateway.key)


def aider(place: Place, model: str, **environment: str) -> Ran:
    program = str(PYTHON_PROGRAMS / "aider" / "bin" / "aider")
    quiet = ("--no-check-update", "--analytics-disable", "--no-show-model-warnings", "--no-pretty")
    asked = ("--no-git", "--yes-always", "--message", "Say hello in it.", place.file.name)
    return place.run(program, "--model", model, *quiet, *asked, LITELLM_LOCAL_MODEL_COST_MAP="True", **environment)


TOOL = "def read_secret(path: str) -> str:\n    return open(path).read()\n"


def llm_openai(place: Place, model: str) -> Ran:
    return llm(place, "gateway", QUESTION, "--functions", TOOL, served=model)


def llm_anthropic(place: Place, model: str) -> Ran:
    return llm(place, model, QUESTION, "--functions", TOOL)


def llm(place: Place, model: str, *arguments: str, served: str = "demo") -> Ran:
    """`served` is what its model `gateway` means; the others are the plug-in's own."""
    known = f"""
- model_id: gateway
  model_name: {served}
  api_base: {place.gateway.url}/v1
  api_key_name: mlxmanager
  supports_tools: true
  supports_schema: true
"""
    (place.home / "extra-openai-models.yaml").write_text(known, encoding="utf-8")
    (place.home / "keys.json").write_text(json.dumps({"mlxmanager": place.gateway.key}), encoding="utf-8")
    return place.run(
        *(str(PYTHON_PROGRAMS / "llm" / "bin" / "llm"), "--model", model, *arguments),
        LLM_USER_PATH=str(place.home),
        ANTHROPIC_BASE_URL=place.gateway.url,
        ANTHROPIC_API_KEY=place.gateway.key,
    )
