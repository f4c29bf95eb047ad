"""The worker's socket: many requests on each of a few connections, all answered by the one scheduler."""

import asyncio
import contextlib
import functools
import itertools
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

from inference import budget, sockets
from inference.installed import find_one
from inference.load_crashes import LoadCrashes
from inference.worker import embedder, engine, engines
from inference.worker.arrival import AnyBatch
from inference.worker.batch import Batch
from inference.worker.catalogue import LookUp
from inference.worker.config import Config
from inference.worker.connection import Connection
from inference.worker.embedding_batch import EmbeddingBatch
from inference.worker.models import Models
from inference.worker.outbox import Outbox
from inference.worker.plans import Plan
from inference.worker.prefix_files import PrefixFiles
from inference.worker.prefix_writer import Later
from inference.worker.prefixes import Prefixes
from inference.worker.scheduler import Scheduler
from inference.worker.templates import RENDERER
from inference.worker.tokens import Tokenizers
from inference.worker.work import Update

log = logging.getLogger(__name__)

STATUS_SECONDS = 1.0
LAST_STEP_SECONDS = 3.0


async def serve(config: Config) -> bool:
    """Serve until SIGTERM or SIGINT. False: the models' thread did not come to its end."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)

    look_up = functools.partial(find_one, models_dir=Path(config.models_dir), hub_cache=Path(config.hub_cache))
    RENDERER.warm()
    scheduler = make_scheduler(config, look_up, Outbox(loop, deliver).put)
    scheduler.start()
    tokenizers = Tokenizers(look_up, queue_limit=config.queue_limit)
    make = functools.partial(Connection, scheduler, tokenizers, largest_frame=config.largest_frame)
    async with listening(Path(config.socket), make) as opened:
        while not told.is_set():
            for connection in list(opened):
                connection.send([scheduler.status()])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), STATUS_SECONDS)
    return scheduler.stop(LAST_STEP_SECONDS)


def make_scheduler(config: Config, look_up: LookUp, deliver: Callable[[Sequence[Update]], None]) -> Scheduler:
    """What runs the models; it is not started yet."""

    def later(run: Callable[[], None]) -> None:
        scheduler.later(run)

    def spare() -> int:
        return models.spare

    limit = memory_budget(config.memory_budget)
    engine.limit_memory(limit)
    prefixes = keep_prefixes(config, later, spare)
    loader = functools.partial(load, slots=config.slots, prefixes=prefixes)
    crashes = LoadCrashes(None if config.load_crashes is None else Path(config.load_crashes))
    models = Models(look_up, loader, budget=limit, kept=prefixes, crashes=crashes)
    # They are named above before they are there: nothing is kept or asked until the scheduler runs.
    scheduler = Scheduler(
        models,
        deliver,
        queue_limit=config.queue_limit,
        queue_tokens=config.queue_tokens,
        memory=engine.memory,
        prefixes=prefixes.figures,
    )
    return scheduler


def memory_budget(given: int | None) -> int:
    if given is not None:
        return given
    return budget.of_device(engine.device_memory() or budget.process_memory())


def load(plan: Plan, *, slots: int, prefixes: Prefixes) -> Iterator[AnyBatch | None]:
    """None between the pieces, and the batch at the end."""
    if plan.model.kind == "embedding":
        yield EmbeddingBatch((yield from embedder.load(plan.model.folder, slots=slots)))
    else:
        yield Batch((yield from engines.load(plan, slots=slots, prefixes=prefixes)))


def keep_prefixes(config: Config, later: Later, spare: Callable[[], int]) -> Prefixes:
    files = None if config.prefix_folder is None else PrefixFiles(Path(config.prefix_folder), config.prefix_disk)
    return Prefixes(config.prefix_memory, files, later, spare)


@contextlib.asynccontextmanager
async def listening(path: Path, make: Callable[..., Connection]) -> AsyncIterator[set[Connection]]:
    """The socket, and the connections that are open on it."""
    opened: set[Connection] = set()
    server = await asyncio.get_running_loop().create_unix_server(lambda: make(opened=opened), sock=bind(path))
    log.info("worker ready pid=%d socket=%s", os.getpid(), path)
    try:
        yield opened
    finally:
        server.close()
        for connection in list(opened):
            connection.leave()
        sockets.remove(path)


def bind(path: Path) -> socket.socket:
    """A socket that is its owner's from the first moment on."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(sockets.prepare(path))
    finally:
        os.umask(mask)
    return listener


def deliver(updates: Sequence[Update]) -> None:
    for owner, group in itertools.groupby(sorted(updates, key=owner_number), key=lambda update: update.caller.owner):
        assert isinstance(owner, Connection)
        owner.deliver(group)


def owner_number(update: Update) -> int:
    return id(update.caller.owner)
