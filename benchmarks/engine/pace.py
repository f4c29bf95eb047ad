"""How fast answers are written, and what a process takes for a token of a client."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processor
from benchmarks.engine.client import Answer, ask_all
from benchmarks.engine.scenarios import Texts
from benchmarks.engine.servers import ours
from tests.gateway import Gateway

TOKENS = 512
MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Pace:
    """Tokens a second of all streams together; microseconds of processor time for a token, where they are told."""

    rate: float
    cost: float | None


def questions(model: Path, name: str, streams: int) -> list[str]:
    return [Texts(model, f"{name} {stream}").short() for stream in range(streams)]


async def whole_path(started: Gateway, texts: Sequence[str], tokens: int) -> Pace:
    """All asked at once, for so many tokens each; the cost is that of the gateway's process."""

    async def answers() -> float:
        return rate(await ask_all(ours(started), texts, tokens=tokens))

    return await timed(started.children("mlxmanager.server"), len(texts) * tokens, answers())


async def timed(pids: Sequence[int], tokens: int, run: Awaitable[float]) -> Pace:
    before = processor.seconds(pids)
    written = await run
    after = processor.seconds(pids)
    cost = None if before is None or after is None else MILLION * (after - before) / tokens
    return Pace(written, cost)


def rate(answers: Sequence[Answer]) -> float:
    """Tokens a second from the first on, of all streams together."""
    return sum((answer.tokens - 1) / (answer.ended - answer.first) for answer in answers)
