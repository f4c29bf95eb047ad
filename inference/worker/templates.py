"""Chat templates, rendered in a process of their own under limits of time and memory: `inference.templating`."""

import contextlib
import logging
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import TemplateError

from inference.templating import ANSWER, MEMORY, MEMORY_TIMES, TOO_LONG, Answer, Ask, receive, send

log = logging.getLogger(__name__)

# In seconds. The process ends itself long before, unless somebody has stopped it.
LONGEST_WAIT = 60.0
# How long a template that took too long is not tried again: others wait for the process meanwhile.
BACK_OFF = 10.0
# Few templates take so long. How much memory those take is looked at from here: macOS sets no limit to it.
LOOK_SECONDS = 0.1
MOST_RESIDENT = 3 * MEMORY
TOO_MUCH = "it takes too much time or memory"

ENCODER = msgspec.msgpack.Encoder(enc_hook=str)


class Renderer:
    """One process, made when it is first needed and again when a template has ended it. One text at a time."""

    def __init__(self, *, most_resident: int = MOST_RESIDENT) -> None:
        self._most_resident = most_resident
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._peer: socket.socket | None = None
        # Templates that took too long, and until when each is not tried again.
        self._slow: dict[str, float] = {}

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def warm(self) -> None:
        """Start the process, which needs a second before it can answer."""
        with self._lock:
            self._connect()

    def render(self, arguments: dict[str, Any]) -> list[str]:
        """Raises TemplateError, for limits that were exceeded too."""
        asked = ENCODER.encode(Ask(arguments))
        template = str(arguments["chat_template"])
        with self._lock:
            if time.monotonic() < self._slow.get(template, 0.0):
                raise TemplateError("it took too much time or memory a moment ago")
            answer = self._ask(asked) or Answer(reason=TOO_MUCH)
            if answer.reason in (TOO_LONG, TOO_MUCH):
                self._distrust(template)
        if answer.reason:
            raise TemplateError(answer.reason)
        return answer.texts

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _ask(self, asked: bytes) -> Answer | None:
        peer = self._connect()
        try:
            send(peer, asked)
            data = receive(peer) if self._answers(peer, self._most_resident + MEMORY_TIMES * len(asked)) else None
        except OSError:
            data = None
        if data is None:
            log.warning("chat template ended its process")
            self._drop()
            return None
        return ANSWER.decode(data)

    def _distrust(self, template: str) -> None:
        now = time.monotonic()
        self._slow = {known: until for known, until in self._slow.items() if now < until}
        self._slow[template] = now + BACK_OFF

    def _answers(self, peer: socket.socket, most: int) -> bool:
        """False once it has taken too long, or more than so many bytes of memory."""
        assert self._process is not None
        until = time.monotonic() + LONGEST_WAIT
        with selectors.DefaultSelector() as selector:
            selector.register(peer, selectors.EVENT_READ)
            while not selector.select(LOOK_SECONDS):
                if time.monotonic() > until or resident(self._process.pid) > most:
                    return False
        return True

    def _connect(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            self._drop()
        if self._peer is None:
            self._peer, theirs = socket.socketpair()
            self._peer.settimeout(LONGEST_WAIT)
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    [sys.executable, "-P", "-m", "inference.templating", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
        return self._peer

    def _drop(self) -> None:
        if self._peer is not None:
            self._peer.close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
        self._peer = self._process = None


def resident(pid: int) -> int:
    """Bytes of memory that a process takes now; 0 where that cannot be known."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        command = ["/bin/ps", "-o", "rss=", "-p", str(pid)]
        return int(subprocess.run(command, capture_output=True, timeout=1, check=False).stdout or 0) * 1024  # noqa: S603
    return 0


def environment() -> dict[str, str]:
    """No more than a template shall know of: the time of day."""
    return {name: os.environ[name] for name in ("TZ",) if name in os.environ} | {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    }


RENDERER = Renderer()


def render_jinja_template(**arguments: Any) -> tuple[list[str], list[object]]:
    """Stands in for transformers' own, for all that has a conversation rendered."""
    return RENDERER.render(arguments), []
