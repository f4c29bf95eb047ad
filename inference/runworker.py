"""Becomes the worker: gathers its settings, then replaces this process by one without Django, keys and database.

`serve` starts it as `python -m inference.runworker --parent FD`, which loads none of Django's applications: they take
half a second of a processor, each time the worker is started again.
"""

import argparse
import os
import sys
from typing import NoReturn

import msgspec
from django.conf import settings

from inference import load_crashes, locks, prefix_folder, sockets
from inference.budget import process_memory
from inference.protocols.wire import largest_frame
from inference.worker.config import Config

# What is kept of prompts, in memory and on disk.
PREFIX_SHARE = 0.075
LEAST_PREFIX_BYTES = 128 * 1024**2

# What the worker's environment keeps. Everything else could hold a key, or have model code run.
KEPT = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "TZ", "OPENBLAS_NUM_THREADS", "MALLOC_MMAP_THRESHOLD_")
SET = {
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYTHONPATH": str(settings.BASE_DIR),
    "PYTHONUNBUFFERED": "1",
}


def become_worker(parent: int | None) -> NoReturn:
    """`parent` is the descriptor of a pipe that ends when the parent is gone. Raises locks.Held."""
    socket = sockets.socket_path(settings.HOME)
    locks.hold(socket.with_suffix(".lock"))
    config = Config(
        socket=str(socket),
        models_dir=str(settings.MODELS_DIR),
        hub_cache=str(settings.HUB_CACHE),
        largest_frame=largest_frame(settings.MAX_BODY),
        prefix_memory=max(LEAST_PREFIX_BYTES, int(PREFIX_SHARE * process_memory())),
        prefix_folder=str(prefix_folder.locate(settings.HOME)),
        load_crashes=str(load_crashes.place(settings.HOME)),
        memory_budget=settings.MEMORY_BUDGET,
        log_level=settings.LOG_LEVEL,
        log_format=settings.LOG_FORMAT,
        parent=parent,
    )
    command = [sys.executable, "-P", "-m", "inference.worker", "runworker", f"--config={piped(config)}"]
    sys.stdout.flush()
    os.execve(sys.executable, command, environment())  # noqa: S606 - our own program


def piped(config: Config) -> int:
    """The descriptor of a pipe that holds the configuration; it fits the pipe's buffer."""
    reading, writing = os.pipe()
    os.write(writing, msgspec.json.encode(config))
    os.close(writing)
    os.set_inheritable(reading, True)
    return reading


def environment() -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT if name in os.environ} | SET


def main() -> NoReturn:
    parser = argparse.ArgumentParser(prog="inference.runworker")
    parser.add_argument("--parent", type=int)
    try:
        become_worker(parser.parse_args().parent)
    except locks.Held as held:
        sys.exit(told(held))


def told(held: locks.Held) -> str:
    return f"A worker runs already for {settings.HOME}: process {held.holder}."


if __name__ == "__main__":
    main()
