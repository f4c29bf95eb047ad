"""Where the log lines of every process go and how they look: stderr, as text for people or as JSON for machines."""

import logging

import structlog

SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    # Here rather than in the renderer: without local variables, keys among them.
    structlog.processors.format_exc_info,
]


def configure(*, level: str, style: str) -> None:
    """`level` as the standard library names it; `style` is `console` or `json`."""
    renderer: structlog.typing.Processor
    if style == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=SHARED, processor=renderer))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These name every request or connection at INFO; our own line per attempt says more.
    for noisy in ("uvicorn.access", "asyncio", "httpx2", "httpcore2", "django.db.backends"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
