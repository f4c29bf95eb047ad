"""What kept prefixes save: the time to the first token, with a prefix in memory, on disk, or nowhere.

Run as `python -m benchmarks.prefixes`. Needs no network; the model is the demo model, with a longer window.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from inference import ir
from inference.backends.local import LocalBackend
from inference.installed import Installed
from inference.protocols import native
from inference.worker.engine import Token
from inference.worker.prefix_files import PrefixFiles
from tests.engines import GREEDY, PLENTY, Bench, bench
from tests.local_models import ask, begin, copy_demo, question
from tests.workers import running_worker

LONG = 10_000
STREAMS = 8
ROUNDS = 5
SHARED = "Tell me a story about a fox. " * 47


def first_token(engine: Bench, prompt: list[int], tenant: str | None) -> float:
    began = time.perf_counter()
    engine.engine.insert(prompt, GREEDY, max_tokens=1, tenant=tenant)
    while not any(isinstance(made, Token) for made in engine.engine.step()):
        pass
    return time.perf_counter() - began


def restore(folder: Path) -> None:
    """A long prompt: read, recalled from memory, and recalled from disk by an engine that starts anew."""
    model = Installed("bench/long", copy_demo(folder, "long", max_position_embeddings=2 * LONG), "models", 0)
    prompt = [3 + place * place % 997 for place in range(LONG)]
    files = folder / "prefixes"
    with bench(model, files=PrefixFiles(files, PLENTY)) as engine:
        first_token(engine, prompt[:64], None)
        read = statistics.median(first_token(engine, prompt, None) for _ in range(3))
        first_token(engine, prompt, "one")
        memory = statistics.median(first_token(engine, prompt, "one") for _ in range(ROUNDS))
        engine.save()
    size = sum(path.stat().st_size for path in files.rglob("*.safetensors"))
    times = []
    for _ in range(ROUNDS):
        with bench(model, files=PrefixFiles(files, PLENTY)) as engine:
            first_token(engine, prompt[:64], None)
            times.append(first_token(engine, prompt, "one"))
    disk = statistics.median(times)
    print(f"{LONG} tokens, {size / 1e6:.1f} MB: read {read:.3f} s, memory {memory:.3f} s, disk {disk:.3f} s")
    print(f"to the first token {read / memory:.0f} times faster from memory, {read / disk:.0f} times from disk")


async def time_to_text(backend: LocalBackend, number: int, tenant: str) -> float:
    began = time.perf_counter()
    asked = question(f"{SHARED}And of animal {number}.", max_tokens=64, sampling=ir.Sampling(temperature=0))
    reply = await begin(backend, asked, tenant=tenant)
    parser = native.stream_parser()
    first = None
    async for chunk in reply.chunks():
        if parser.feed(chunk) and first is None:
            first = time.perf_counter() - began
    await reply.aclose()
    assert first is not None
    return first


async def together(backend: LocalBackend, turn: int, tenants: list[str]) -> list[float]:
    asking = [time_to_text(backend, turn * STREAMS + i, tenant) for i, tenant in enumerate(tenants)]
    return list(await asyncio.gather(*asking))


async def streams() -> None:
    """Streams that begin alike: of one client whose prefix was read, and of clients who share nothing."""
    with running_worker() as worker:
        backend = LocalBackend(worker.socket)
        warm = await ask(backend, question(f"{SHARED}Begin.", max_tokens=1), tenant="one")
        strangers, friends = [], []
        for turn in range(ROUNDS):
            strangers += await together(backend, turn, [f"{turn}-{i}" for i in range(STREAMS)])
            friends += await together(backend, turn, ["one"] * STREAMS)
        prefixes = (await backend.status()).prefixes
        await backend.aclose()
    print(f"{STREAMS} streams, {warm.finished.usage.input_tokens} tokens in common, {ROUNDS} rounds of each")
    print(f"hits {prefixes.hits}, misses {prefixes.misses}, {prefixes.memory / 1e6:.1f} MB")
    for name, times in (("not kept", strangers), ("kept", friends)):
        print(f"{name}: first token after {1000 * statistics.median(times):.0f} ms, at most {1000 * max(times):.0f} ms")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        restore(Path(folder))
    asyncio.run(streams())


if __name__ == "__main__":
    main()
