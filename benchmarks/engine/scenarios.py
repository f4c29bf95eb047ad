"""What the two servers are asked, and what is measured of it. Each round asks for what was not asked before."""

import asyncio
import contextlib
import random
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from benchmarks.engine.client import Answer, Server, ask, ask_all

TOKENS = 128
STREAMS = 8
SHARED, LONG = 430, 460

# Those who write while others arrive, how much they may, and how long until they are under way.
WRITERS, WRITERS_TOKENS, UNDER_WAY = 4, 2000, 0.5
ARRIVALS, ARRIVAL_TOKENS = 8, 8
# How long a server is left alone after clients have gone away.
REST = 1.0

WORDS = (
    "fox",
    "river",
    "bridge",
    "honey",
    "cloud",
    "bear",
    "crow",
    "goat",
    "stone",
    "lamp",
    "garden",
    "market",
    "boat",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Tokens a second of all streams together, and the median of the seconds to the first token."""

    rate: float
    waited: float


class Texts:
    """Texts of a number of tokens of the model."""

    def __init__(self, model: Path, seed: str) -> None:
        self._tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        self._random = random.Random(seed)  # noqa: S311 - not a secret

    def short(self) -> str:
        return f"Tell me a story about a {self.words(3)}."

    def words(self, count: int) -> str:
        return " ".join(self._random.choices(WORDS, k=count))

    def long(self, tokens: int) -> str:
        """Words at random from the first on, so that no two texts begin alike."""
        return str(self._tokenizer.decode(self._tokenizer.encode(self.words(tokens)).ids[:tokens]))

    def pause(self) -> float:
        """Seconds between two who come on their own."""
        return self._random.uniform(0.02, 0.2)


type Run = Callable[[Server, Texts], Awaitable[Figures]]


def figures(answers: Sequence[Answer]) -> Figures:
    seconds = max(answer.ended for answer in answers) - min(answer.asked for answer in answers)
    tokens = sum(answer.tokens for answer in answers)
    return Figures(tokens / seconds, statistics.median(answer.waited for answer in answers))


async def one(server: Server, texts: Texts) -> Figures:
    return figures([await ask(server, texts.short(), tokens=TOKENS)])


async def together(server: Server, texts: Texts) -> Figures:
    return figures(await ask_all(server, [texts.short() for _ in range(STREAMS)], tokens=TOKENS))


async def shared(server: Server, texts: Texts) -> Figures:
    """All begin alike, and what they share was read before by one that is not measured."""
    prefix = texts.long(SHARED)
    await ask(server, f"{prefix} {texts.short()}", tokens=1)
    return figures(await ask_all(server, [f"{prefix} {texts.short()}" for _ in range(STREAMS)], tokens=TOKENS))


async def distinct(server: Server, texts: Texts) -> Figures:
    return figures(await ask_all(server, [texts.long(LONG) for _ in range(STREAMS)], tokens=TOKENS))


async def seeded(server: Server, texts: Texts) -> Figures:
    return figures(await ask_all(server, [texts.short() for _ in range(STREAMS)], tokens=TOKENS, seeded=True))


async def arrivals(server: Server, texts: Texts) -> Figures:
    """Some write long answers, while others come one after the other. Those are measured."""
    writing = asyncio.gather(*(ask(server, texts.short(), tokens=WRITERS_TOKENS) for _ in range(WRITERS)))
    await asyncio.sleep(UNDER_WAY)
    answers = []
    for _ in range(ARRIVALS):
        answers.append(await ask(server, texts.short(), tokens=ARRIVAL_TOKENS))
        await asyncio.sleep(texts.pause())
    if writing.done():
        raise AssertionError("the others ended before all had arrived")
    writing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await writing
    await asyncio.sleep(REST)
    return figures(answers)
