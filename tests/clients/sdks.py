"""How each SDK for Node is run, and the words it has for how an answer ended."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.programs import HERE, run
from tests.clients.turns import USAGE, Turn
from tests.gateway import Gateway

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sdk:
    """`ended` has its words for an end, a call of tools and a limit. `shows_thinking`: it has a place for it."""

    script: tuple[str, ...]
    ended: tuple[str, str, str]
    shows_thinking: bool = True

    def answers(self, turns: tuple[Turn, ...]) -> list[Json]:
        return [self.answer(turn) for turn in turns if not turn.breaks]

    def answer(self, turn: Turn) -> Json:
        return {
            "text": turn.text,
            "thinking": turn.thinking if self.shows_thinking else "",
            "calls": [[call.name, call.arguments] for call in turn.calls],
            "ended": self.ended[2 if turn.cut_short else 1 if turn.calls else 0],
            "usage": list(USAGE),
        }


OPENAI_WORDS = ("stop", "tool_calls", "length")
VERCEL_WORDS = ("stop", "tool-calls", "length")
SDKS: Mapping[str, Sdk] = {
    "openai": Sdk(("openai.mjs",), OPENAI_WORDS),
    "anthropic": Sdk(("anthropic.mjs",), ("end_turn", "tool_use", "max_tokens")),
    "vercel-openai": Sdk(("vercel.mjs", "openai"), VERCEL_WORDS, shows_thinking=False),
    "vercel-compatible": Sdk(("vercel.mjs", "compatible"), VERCEL_WORDS),
    "vercel-anthropic": Sdk(("vercel.mjs", "anthropic"), VERCEL_WORDS),
}


def case(model: str, question: str = "How is it?", *, stream: bool, tools: bool = False, limit: int = 1000) -> Json:
    return {"model": model, "question": question, "stream": stream, "tools": tools, "maxTokens": limit}


def hold(sdk: Sdk, gateway: Gateway, cases: list[Json], *, home: Path) -> list[Json]:
    """What the SDK heard in each case, in one run of it."""
    home.mkdir()
    asked = json.dumps({"url": gateway.url, "key": gateway.key, "cases": cases})
    ran = run("node", *sdk.script, home=home, folder=HERE, environment={}, typed=asked)
    assert ran.code == 0, ran
    heard: list[Json] = json.loads(ran.output)
    return heard
