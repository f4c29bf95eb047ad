"""Clients that ask local models for everything there is, one request after the other, and leave when they like."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.gateway import Gateway
from tests.schemas import SCHEMAS

type Body = dict[str, Any]

EMBEDDER = "test/bert"
WORDS = ("a", "story", "about", "the", "fox", "who", "went", "to", "Paris", "and", "told", "her", "name", "again")
LONGEST_PROMPT = 1500
LEAVES = 0.3
WAITING = httpx2.Timeout(60)
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}}, "required": ["city"]}
ENDINGS = ("data: [DONE]", "event: message_stop", '"finish_reason"', '"stop_reason"', '"embedding"')


@dataclass
class Load:
    """`endings` counts how requests ended; `wrong` says what was not as it has to be."""

    gateway: Gateway
    seed: int
    told: threading.Event = field(default_factory=threading.Event)
    endings: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def run(self, client: int) -> None:
        dice = random.Random(f"{self.seed} {client}")  # noqa: S311 - not a secret
        headers = {"authorization": f"Bearer {self.gateway.key}"}
        with httpx2.Client(base_url=self.gateway.url, headers=headers, timeout=WAITING) as http:
            while not self.told.is_set():
                path, body = ask(dice)
                leaves = dice.random() < LEAVES
                try:
                    ending = leave(http, path, body, dice) if leaves else stay(http, path, body)
                except httpx2.HTTPError as error:
                    ending = f"wrong: {error!r}"
                self.endings[ending.partition(":")[0]] += 1
                if ending.startswith("wrong"):
                    self.wrong.append(f"{path} {ending}")


def stay(http: httpx2.Client, path: str, body: Body) -> str:
    answer = http.post(path, json=body)
    if answer.status_code in (429, 503, 529):
        return "refused"
    is_whole = answer.status_code == 200 and any(ending in answer.text for ending in ENDINGS)
    return "answered" if is_whole else f"wrong: {answer.status_code} {answer.text[-200:]}"


def leave(http: httpx2.Client, path: str, body: Body, dice: random.Random) -> str:
    """Go away in the middle of a stream, or after so many seconds of waiting."""
    patience = httpx2.Timeout(60, read=dice.choice([0.01, 0.05, 0.2, 1]))
    pieces = dice.randrange(8)
    try:
        with http.stream("POST", path, json=body, timeout=patience) as answer:
            for _, _ in zip(range(pieces), answer.iter_bytes(), strict=False):
                pass
    except httpx2.ReadTimeout:
        pass
    return "left"


def ask(dice: random.Random) -> tuple[str, Body]:
    kinds: list[Callable[[random.Random], tuple[str, Body]]] = [chat, chat, messages, messages, completion, embedding]
    return dice.choice(kinds)(dice)


def chat(dice: random.Random) -> tuple[str, Body]:
    body = common(dice) | {"messages": [{"role": "user", "content": prompt(dice)}]}
    shape = dice.randrange(4)
    if shape == 0:
        schema = {"name": "answer", "schema": dice.choice(list(SCHEMAS.values()))}
        body |= {"response_format": {"type": "json_schema", "json_schema": schema}}
    elif shape == 1:
        tool = {"name": "get_weather", "parameters": PARAMETERS}
        choice = dice.choice(["auto", "required"])
        body |= {"tools": [{"type": "function", "function": tool}], "tool_choice": choice}
    return "/v1/chat/completions", body | dice.choice([{}, {"stop": ["the"]}, {"frequency_penalty": 0.5}])


def messages(dice: random.Random) -> tuple[str, Body]:
    body = common(dice) | {"messages": [{"role": "user", "content": prompt(dice)}]}
    body |= {"temperature": min(body["temperature"], 1.0)}
    del body["seed"]
    if dice.random() < 0.25:
        tool = {"name": "get_weather", "input_schema": PARAMETERS}
        body |= {"tools": [tool], "tool_choice": {"type": dice.choice(["auto", "any"])}}
    return "/v1/messages", body | dice.choice([{}, {"system": prompt(dice)}, {"stop_sequences": ["the"]}])


def completion(dice: random.Random) -> tuple[str, Body]:
    return "/v1/completions", common(dice) | {"prompt": prompt(dice), "n": dice.randrange(1, 4)}


def embedding(dice: random.Random) -> tuple[str, Body]:
    texts = [" ".join(dice.choices(WORDS, k=dice.randrange(1, 20))) for _ in range(dice.randrange(1, 8))]
    return "/v1/embeddings", {"model": EMBEDDER, "input": texts}


def common(dice: random.Random) -> Body:
    return {
        "model": "demo",
        "max_tokens": dice.choice([1, 20, 100, 400]),
        "temperature": dice.choice([0.0, 0.7, 1.5]),
        "seed": dice.randrange(2**32),
        "stream": dice.random() < 0.6,
    }


def prompt(dice: random.Random) -> str:
    """Some are told again, so that what was kept of them is of use."""
    kind = random.Random(dice.randrange(40)) if dice.random() < 0.5 else dice  # noqa: S311 - not a secret
    return " ".join(kind.choices(WORDS, k=int(LONGEST_PROMPT ** kind.random())))
