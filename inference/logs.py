"""Where the log lines of every process go and how they look: stderr, as text for people or as JSON for machines.

Our own lines take no part in the standard library's logging, which costs several times as much; those of libraries do.
"""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor

# What lines of libraries go through.
FOREIGN: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    # Here rather than in the renderer: without local variables, keys among them.
    structlog.processors.format_exc_info,
]


class Stderr:
    """A logger that writes each line at once and whole, so that those of several processes do not mix."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def write(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = write


def configure(*, level: str, style: str) -> None:
    """`level` as the standard library names it; `style` is `console` or `json`."""
    render = as_json if style == "json" else as_text
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, told, render],
        logger_factory=Stderr,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.addFilter(without_trace_of_strangers)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=FOREIGN, processor=render))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These name every request or connection at INFO; our own line per attempt says more.
    for noisy in ("uvicorn.access", "asyncio", "httpx2", "httpcore2", "django.db.backends"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def told(logger: Stderr, level: str, event: EventDict) -> EventDict:
    """By whom, how loud and when: what `FOREIGN` adds too, at a third of the time."""
    event["level"], event["logger"] = level, logger.name
    event["timestamp"] = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return structlog.processors.format_exc_info(logger, level, event) if "exc_info" in event else event


def as_text(_: Any, __: str, event: EventDict) -> str:  # Any: structlog's signature.
    head = "{timestamp} [{level:8}] {event} [{logger}]".format_map(event)
    pairs = [f"{name}={plain(value)}" for name, value in event.items() if name not in HEAD]
    trace = event.get("exception")
    return " ".join([head, *pairs]) + (f"\n{trace}" if trace else "")


HEAD = frozenset({"timestamp", "level", "event", "logger", "exception"})


def plain(value: object) -> str:
    """As one word, or quoted: a value must not end the line, or look like two."""
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(text)


def as_json(_: Any, __: str, event: EventDict) -> str:  # Any: structlog's signature.
    return msgspec.json.encode(event, enc_hook=repr).decode()


def without_trace_of_strangers(record: logging.LogRecord) -> bool:
    """What Django refuses as suspicious, such as a foreign Host, is no fault of ours: a line is enough."""
    if record.name.startswith("django.security."):
        record.exc_info = None
    return True
