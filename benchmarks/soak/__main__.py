"""Run as `python -m benchmarks.soak --minutes 20`. Fails where memory grows, a slot is lost, or an answer is wrong."""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.soak.figures import PARTS, Sample, growth, sample
from benchmarks.soak.load import EMBEDDER, Load
from tests.embedding_models import tiny_bert
from tests.gateway import Gateway, running_gateway, wait_until

CLIENTS = 8
# Kept prefixes fill the rest of it within a minute, so that memory is flat from then on.
BUDGET = 256 * 10**6
# glibc keeps much of what was freed, in pieces that fit what comes next or do not. From this size on, in bytes, they go
# back at once, so that what is seen is what is held.
RETURNED = 64 * 1024
SAMPLES = 120
MOST_GROWTH = 1.05
# What serves a client that has left may close a moment later.
SPARE_FILES = 4


@contextmanager
def product() -> Iterator[Gateway]:
    with tempfile.TemporaryDirectory(prefix="mlxs-") as models:
        tiny_bert(Path(models), EMBEDDER, max_position_embeddings=512)
        with running_gateway(
            MLXMANAGER_MODELS_DIR=models,
            MLXMANAGER_MEMORY_BUDGET=str(BUDGET),
            MLXMANAGER_LOG_LEVEL="warning",
            MALLOC_MMAP_THRESHOLD_=str(RETURNED),
        ) as gateway:
            yield gateway


def soak(gateway: Gateway, *, seconds: float, seed: int) -> tuple[Load, list[Sample]]:
    """The load, and samples taken in equal distances: the first before it, the last after it, with nobody there."""
    load = Load(gateway, seed)
    clients = [threading.Thread(target=load.run, args=(number,)) for number in range(CLIENTS)]
    began = time.monotonic()
    samples = [sample(gateway, began=began)]
    for client in clients:
        client.start()
    try:
        while time.monotonic() - began < seconds:
            time.sleep(max(seconds / SAMPLES, 0.5))
            samples.append(sample(gateway, began=began))
    finally:
        load.told.set()
        for client in clients:
            client.join()
    wait_until(lambda: is_idle(gateway), seconds=20, why=lambda: str(gateway.ready()))
    return load, [*samples, sample(gateway, began=began)]


def is_idle(gateway: Gateway) -> bool:
    worker = gateway.ready()["parts"]["worker"]
    return (worker.get("active"), worker.get("waiting")) == (0, 0)


def faults(load: Load, samples: list[Sample], restarts: int) -> list[str]:
    """What must not be, however short the soak was, in words."""
    found = [f"an answer was wrong: {one}" for one in load.wrong]
    found += [f"the worker was started again {restarts} times"] * (restarts > 0)
    first, last = samples[0], samples[-1]
    for part in PARTS:
        if last.files[part] > first.files[part] + SPARE_FILES:
            found.append(f"{part}: {last.files[part]} files are open, before the load {first.files[part]} were")
    if (most := max(each.mlx for each in samples)) > BUDGET:
        found.append(f"MLX held {most} bytes, more than its budget")
    return found


def growths(samples: list[Sample]) -> dict[str, float]:
    """By part. The first sample and the last were taken without a load."""
    return {part: growth([each.memory[part] for each in samples[1:-1]]) for part in PARTS}


def report(load: Load, samples: list[Sample]) -> None:
    print(f"{sum(load.endings.values())} requests in {samples[-1].seconds:.0f} s: {dict(load.endings)}")
    print("second  " + "  ".join(f"{part:>9}" for part in PARTS) + "        MLX   files  active")
    for each in samples[:: max(1, len(samples) // 20)] + samples[-1:]:
        sizes = "  ".join(f"{each.memory[part] / 1e6:6.1f} MB" for part in PARTS)
        print(f"{each.seconds:6.0f}  {sizes}  {each.mlx / 1e6:6.1f} MB  {sum(each.files.values()):6}  {each.active:6}")
    told = ", ".join(f"{part} {value:.3f}" for part, value in growths(samples).items())
    print(f"the last third's median to the middle third's: {told}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with product() as gateway:
        load, samples = soak(gateway, seconds=arguments.minutes * 60, seed=arguments.seed)
        restarts = gateway.ready()["parts"]["worker"]["restarts"]
    report(load, samples)
    found = faults(load, samples, restarts)
    found += [f"{part}: memory has grown" for part, value in growths(samples).items() if value > MOST_GROWTH]
    print("\n".join(found) or "nothing has grown, every slot is free")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
