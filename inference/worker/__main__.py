"""The entry of the worker process: no Django, no settings, no key. Its configuration comes over an inherited pipe."""

import argparse
import asyncio
import json
import logging
import os
import threading

import msgspec

from inference.worker.config import Config
from inference.worker.server import serve

log = logging.getLogger("inference.worker")


class JSONLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def main() -> None:
    parser = argparse.ArgumentParser(prog="inference.worker")
    parser.add_argument("command", choices=["runworker"])
    parser.add_argument("--config", type=int, required=True, help="descriptor to read the configuration from")
    arguments = parser.parse_args()
    with os.fdopen(arguments.config, "rb") as pipe:
        config = msgspec.json.decode(pipe.read(), type=Config)
    configure_logs(config)
    threading.excepthook = leave_with_thread
    if config.parent is not None:
        threading.Thread(target=leave_with_parent, args=(config.parent,), daemon=True).start()
    ended = asyncio.run(serve(config))
    log.info("worker ended")
    logging.shutdown()
    # Not by way of the interpreter's end: MLX's threads abort the process there now and then.
    os._exit(0 if ended else 1)


def configure_logs(config: Config) -> None:
    stream = logging.StreamHandler()
    plain = logging.Formatter("%(asctime)s [%(levelname)s] %(message)s [%(name)s]")
    stream.setFormatter(JSONLines() if config.log_format == "json" else plain)
    logging.basicConfig(level=config.log_level, handlers=[stream])


def leave_with_thread(failure: threading.ExceptHookArgs) -> None:
    """A worker whose models' thread has died would accept requests for ever; `serve` starts another."""
    log.critical("thread died", exc_info=failure.exc_value)
    os._exit(1)


def leave_with_parent(descriptor: int) -> None:
    """Wait for the pipe's end of file: whoever held the other end is gone, even if it was killed."""
    os.read(descriptor, 1)
    os._exit(0)


main()
