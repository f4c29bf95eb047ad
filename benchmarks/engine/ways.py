"""What lies between a client and the engine: how fast answers are written by the engine alone, by the worker at its
socket, and over the whole path; and what the gateway's process takes for a token of a client.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.engine.client import Answer
from benchmarks.engine.pace import Pace, questions, rate, timed, whole_path
from benchmarks.engine.scenarios import STREAMS
from benchmarks.engine.servers import MODEL
from inference import ir, sockets
from inference.backends.local import LocalBackend
from inference.protocols import native
from tests.gateway import ROOT, Gateway
from tests.local_models import begin, question


@dataclass(frozen=True, slots=True)
class Ways:
    """A pace each round. The cost over the whole path is that of the gateway's process."""

    streams: int
    alone: list[Pace] = field(default_factory=list)
    worker: list[Pace] = field(default_factory=list)
    whole: list[Pace] = field(default_factory=list)

    def line(self) -> str:
        behind = statistics.median(
            1 - worker.rate / alone.rate for worker, alone in zip(self.worker, self.alone, strict=True)
        )
        cells = [str(self.streams), *map(shown, (self.alone, self.worker)), f"{100 * behind:.1f} %", shown(self.whole)]
        return f"| {' | '.join(cells)} |"


HEAD = (
    "| streams | engine alone | worker at its socket | slower by (wanted: 3 %) | whole path, the gateway's time "
    "(wanted: 60 µs) |\n|---|---|---|---|---|"
)


def shown(paces: Sequence[Pace]) -> str:
    costs = [pace.cost for pace in paces if pace.cost is not None]
    cost = f", {statistics.median(costs):.0f} µs" if costs else ""
    return f"{statistics.median(pace.rate for pace in paces):.0f} tok/s{cost}"


class Alone:
    """The engine in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid, self._told, self._said = process.pid, process.stdin, process.stdout
        assert self._said.readline() == "ready\n"

    async def write(self, rows: int, tokens: int) -> float:
        print(rows, tokens, file=self._told, flush=True)
        return float(await asyncio.to_thread(self._said.readline))


@contextmanager
def engine_alone(model: Path) -> Iterator[Alone]:
    command = [sys.executable, "-m", "benchmarks.engine.alone", str(model)]
    # It ends with its standard input, which the end of the block closes.
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Alone(process)


async def measure(started: Gateway, model: Path, *, rounds: int, tokens: int) -> list[Ways]:
    """Each answer has so many tokens."""
    worker = started.children("runworker")
    backend = LocalBackend(sockets.socket_path(started.home))
    measured = [Ways(1), Ways(STREAMS)]

    async def at_sockets(texts: list[str]) -> float:
        return rate(await asyncio.gather(*(at_socket(backend, text, tokens) for text in texts)))

    with engine_alone(model) as alone:
        for number in range(rounds):
            for ways in measured:
                texts = questions(model, f"way {number}", ways.streams)
                written = ways.streams * tokens
                runs: list[tuple[list[Pace], Awaitable[Pace]]] = [
                    (ways.alone, timed([alone.pid], written, alone.write(ways.streams, tokens))),
                    (ways.worker, timed(worker, written, at_sockets(texts))),
                    (ways.whole, whole_path(started, texts, tokens)),
                ]
                # Each goes first now and then: the machine may be in another mood by the time of the next.
                first = number % len(runs)
                for paces, run in runs[first:] + runs[:first]:
                    paces.append(await run)
    await backend.aclose()
    return measured


async def at_socket(backend: LocalBackend, text: str, tokens: int) -> Answer:
    asked = time.perf_counter()
    wanted = question(text, max_tokens=tokens, sampling=ir.Sampling(temperature=0))
    reply = await begin(backend, wanted, model=MODEL)
    chunks, first = [], time.perf_counter()
    async for chunk in reply.chunks():
        chunks.append(chunk)
    ended = time.perf_counter()
    await reply.aclose()
    last = native.stream_parser().feed(b"".join(chunks))[-1]
    assert isinstance(last, ir.Finished)
    return Answer(asked, first, ended, last.usage.input_tokens, last.usage.output_tokens)
