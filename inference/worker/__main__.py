"""The entry of the worker process: no Django, no settings, no key. Its configuration comes over an inherited pipe."""

import argparse
import asyncio
import logging
import os
import threading

import msgspec
import uvloop

from inference import logs
from inference.worker.config import Config
from inference.worker.server import serve

log = logging.getLogger("inference.worker")


def main() -> None:
    parser = argparse.ArgumentParser(prog="inference.worker")
    parser.add_argument("command", choices=["runworker"])
    parser.add_argument("--config", type=int, required=True, help="descriptor to read the configuration from")
    arguments = parser.parse_args()
    with os.fdopen(arguments.config, "rb") as pipe:
        config = msgspec.json.decode(pipe.read(), type=Config)
    logs.configure(level=config.log_level, style=config.log_format)
    threading.excepthook = leave_with_thread
    if config.parent is not None:
        threading.Thread(target=leave_with_parent, args=(config.parent,), daemon=True).start()
    ended = asyncio.run(serve(config), loop_factory=uvloop.new_event_loop)
    log.info("worker ended")
    logging.shutdown()
    # Not by way of the interpreter's end: MLX's threads abort the process there now and then.
    os._exit(0 if ended else 1)


def leave_with_thread(failure: threading.ExceptHookArgs) -> None:
    """A worker whose models' thread has died would accept requests for ever; `serve` starts another."""
    log.critical("thread died", exc_info=failure.exc_value)
    os._exit(1)


def leave_with_parent(descriptor: int) -> None:
    """Wait for the pipe's end of file: whoever held the other end is gone, even if it was killed."""
    os.read(descriptor, 1)
    os._exit(0)


main()
