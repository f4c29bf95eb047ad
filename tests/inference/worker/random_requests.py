"""Requests of every kind to the demo model, made by dice: each can be asked again and is answered the same."""

import random
from dataclasses import dataclass
from typing import Any

from inference import ir
from inference.installed import DEMO_NAME
from inference.protocols import native
from inference.protocols.codec import Aim
from inference.protocols.local_requests import BATCH_TIER
from tests.local_models import WEATHER, question
from tests.schemas import SCHEMAS

TENANTS = ("ada", "bob", "cy")
BEGINNINGS = tuple(f"My name is {name}. " + "Tell me a story about a fox. " * 8 for name in ("Ada", "Bob", "Cy"))
QUESTIONS = ("What is the capital of France?", "What is the weather in Paris?", "Tell me about Rome.", "Hello")
STOPS = ("is", " fo", "5, 6", "\n", "capital of", ".")
CITY = ir.Tool(
    "find_city", {"type": "object", "properties": {"city": {"enum": ["Rome", "Oslo"]}}, "required": ["city"]}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """`leaves_after` so many chunks of its answer; None: it stays."""

    body: native.Job
    tenant: str
    leaves_after: int | None


def make(dice: random.Random) -> Asked:
    leaves_after = dice.randrange(1, 30) if dice.random() < 0.15 else None
    return Asked(job(dice), dice.choice(TENANTS), leaves_after)


def job(dice: random.Random) -> native.Job:
    common: dict[str, Any] = {
        "sampling": sampling(dice),
        "stop": tuple(dice.sample(STOPS, dice.choice([0, 0, 0, 1, 2]))),
        "max_tokens": dice.choice([1, 2, 8, 30, 100, 200]),
        "logprobs": dice.choice([None, None, None, 0, 3]),
        "service_tier": dice.choice([None, None, BATCH_TIER]),
    }
    if dice.random() < 0.2:
        return raw(dice, common)
    common["reasoning"] = ir.Reasoning(enabled=dice.random() < 0.4, budget=dice.choice([None, None, 1, 5]))
    common |= form(dice)
    asked = question(text(dice), system=(ir.Text(dice.choice(BEGINNINGS)),) if dice.random() < 0.2 else (), **common)
    return native.JOB.decode(native.render_request(asked, Aim(DEMO_NAME)).body)


def raw(dice: random.Random, common: dict[str, Any]) -> native.Job:
    tokens = tuple(dice.randrange(10, 900) for _ in range(dice.randrange(1, 200)))
    prompts: list[str | tuple[int, ...]] = [text(dice), tokens]
    return native.Job(ir.Request(DEMO_NAME, (), **common), prompt=dice.choice(prompts), echo=dice.random() < 0.3)


def form(dice: random.Random) -> dict[str, Any]:
    """What the answer is held to, if to anything."""
    match dice.randrange(6):
        case 0:
            return {"output": ir.OutputFormat(dice.choice(list(SCHEMAS.values())), path="response_format")}
        case 1:
            modes = [ir.ToolChoice("auto"), ir.ToolChoice("any"), ir.ToolChoice("tool", "find_city", parallel=False)]
            return {"tools": (WEATHER, CITY), "tool_choice": dice.choice(modes)}
        case _:
            return {}


def text(dice: random.Random) -> str:
    """Those that begin alike share what was read of them, within a tenant."""
    beginning = dice.choice(["", "", *BEGINNINGS])
    asked = dice.choice([*QUESTIONS, f"Count to {dice.randrange(3, 60)}.", f"What is {dice.randrange(99)} plus 1?"])
    return f"{beginning}{asked}" + " and again" * dice.choice([0, 0, 1, 7, 150])


def sampling(dice: random.Random) -> ir.Sampling:
    """Always with a seed: without one it would be another answer each time."""
    return ir.Sampling(
        temperature=dice.choice([0.0, 0.0, 0.3, 0.7, 1.0, 1.5]),
        top_p=dice.choice([None, None, 0.5, 0.9, 0.0]),
        top_k=dice.choice([None, None, 1, 5, 40]),
        min_p=dice.choice([None, None, 0.05, 0.5]),
        frequency_penalty=dice.choice([None, None, None, 0.3, 2.0, -0.5]),
        presence_penalty=dice.choice([None, None, None, 0.5, -1.0]),
        seed=dice.randrange(2**64),
        logit_bias=dice.choice([None, None, None, {"40": 5.0, "41": -100.0}]),
    )
