"""The process that renders chat templates: `python -m inference.templating FD`, asked over the socket it inherits.

A template is its model author's program. Jinja's sandbox keeps it from Python; here it is kept from time, memory and
files as well. Whatever it does, it does to this process, and the one that runs the models starts another.
"""

import contextlib
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from transformers.utils import chat_template_utils

# Beside what the size of the request allows for. A usual template takes less than a millisecond.
CPU_SECONDS = 1.0
# Until what no exception can interrupt ends the process: by its own time, and by that of a machine that is very busy.
LAST_CPU_SECONDS = 1.5
WALL_SECONDS = 10.0
BYTES_A_SECOND = 4 * 1024**2
MEMORY = 256 * 1024**2
MEMORY_TIMES = 16
LONGEST_REASON = 300
TOO_LONG = "it takes too long"

# The longest text, list or number (in bits) that one operator may make.
LONGEST_PRODUCT = 2**24


class Ask(msgspec.Struct, frozen=True, array_like=True):
    """The arguments of transformers' `render_jinja_template`."""

    arguments: dict[str, Any]  # As a template takes it.


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """The texts, or the reason why there are none."""

    texts: list[str] = []
    reason: str = ""


ASK = msgspec.msgpack.Decoder(Ask)
ANSWER = msgspec.msgpack.Decoder(Answer)
ENCODER = msgspec.msgpack.Encoder()


class TooLongError(BaseException):
    """The time is over. Not an Exception: nothing in between shall catch it."""


class Bounded(ImmutableSandboxedEnvironment):
    """Multiplies and raises to powers within bounds: `"a" * 10**9` is one call, which no timer interrupts."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if (product(left, right) if operator == "*" else power(left, right)) > LONGEST_PRODUCT:
            raise TemplateError(f"it makes something too large with {operator}")
        return super().call_binop(context, operator, left, right)


def product(left: Any, right: Any) -> int:
    """How long the product will be."""
    if isinstance(right, int):
        left, right = right, left
    if isinstance(left, int) and isinstance(right, str | list | tuple):
        return left * len(right)
    return bits(left) + bits(right)


def power(left: Any, right: Any) -> int:
    return bits(left) * abs(right) if isinstance(right, int) else 0


def bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 0


def main() -> None:
    vars(chat_template_utils)["ImmutableSandboxedEnvironment"] = Bounded
    signal.signal(signal.SIGVTALRM, interrupt)
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))
    with socket.socket(fileno=int(sys.argv[1])) as peer:
        while (data := receive(peer)) is not None:
            send(peer, ENCODER.encode(answer(data)))


def interrupt(*_: object) -> None:
    raise TooLongError


def answer(data: bytes) -> Answer:
    try:
        with limited(len(data)):
            # Its annotation says that it returns one text.
            rendered: Any = chat_template_utils.render_jinja_template(**ASK.decode(data).arguments)
        texts: list[str] = rendered[0]
        if sum(map(len, texts)) > LONGEST_PRODUCT + MEMORY_TIMES * len(data):
            return Answer(reason="it writes too much")
    except TooLongError:
        return Answer(reason=TOO_LONG)
    except MemoryError:
        return Answer(reason="it takes too much memory")
    except TemplateError as error:
        return Answer(reason=str(error)[:LONGEST_REASON] or type(error).__name__)
    except Exception as error:  # noqa: BLE001 - the template can fail in any way
        return Answer(reason=type(error).__name__)
    return Answer(texts)


@contextlib.contextmanager
def limited(size: int) -> Iterator[None]:
    """For a request of `size` bytes. What no exception can interrupt ends the process, by SIGPROF or SIGALRM."""
    more = size / BYTES_A_SECOND
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS + more)
    signal.setitimer(signal.ITIMER_PROF, LAST_CPU_SECONDS + more)
    limit_memory(MEMORY + MEMORY_TIMES * size)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS + more)
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        limit_memory(None)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def limit_memory(more: int | None) -> None:
    """So much more than there is now; None for any. macOS knows no such limit: there the asker looks."""
    with contextlib.suppress(FileNotFoundError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        soft = resource.RLIM_INFINITY if more is None else pages * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (soft, resource.RLIM_INFINITY))


def receive(peer: socket.socket) -> bytes | None:
    """A message: its length in four bytes, and so many. None at the end."""
    head = receive_exactly(peer, 4)
    return None if head is None else receive_exactly(peer, int.from_bytes(head))


def receive_exactly(peer: socket.socket, count: int) -> bytes | None:
    data = bytearray(count)
    view = memoryview(data)
    got = 0
    while got < count:
        size = peer.recv_into(view[got:])
        if not size:
            return None
        got += size
    return bytes(data)


def send(peer: socket.socket, data: bytes) -> None:
    peer.sendall(len(data).to_bytes(4) + data)


if __name__ == "__main__":
    main()
