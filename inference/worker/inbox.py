"""What the connections leave for the models' thread: requests that wait for their turn, and errands.

Every method may be called on any thread, and none blocks but `wait`.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from inference.errors import GatewayError, Kind
from inference.worker.priority import Line
from inference.worker.work import Caller, Update, Work

# In seconds. Prompts that are read together take a fraction of the time that they take one after the other.
TOGETHER = 0.01


@dataclass(frozen=True, slots=True)
class Errand:
    """Something else for the thread to do between two steps. `caller` learns of a failure."""

    caller: Caller | None
    run: Callable[[], Sequence[Update]]


class Inbox:
    """`most` requests may wait, and `tokens` over all of them."""

    def __init__(self, *, most: int, tokens: int) -> None:
        self._most = most
        self._tokens = tokens
        self._changed = threading.Condition()
        self._waiting = Line()
        self._size = 0
        self._expected = 0
        self._errands: list[Errand] = []
        self._stopping = False

    def __len__(self) -> int:
        """How many requests wait."""
        with self._changed:
            return len(self._waiting)

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """Around what leads to a `submit`."""
        with self._changed:
            self._expected += 1
        try:
            yield
        finally:
            with self._changed:
                self._expected -= 1
                self._changed.notify()

    def submit(self, work: Work) -> None:
        """Raises GatewayError when too many wait already."""
        with self._changed:
            # A single request may be larger than all that may wait: nothing else is there to be held up by it.
            too_much = self._size + work.size > self._tokens and len(self._waiting)
            if len(self._waiting) >= self._most or too_much:
                raise GatewayError(Kind.QUEUE_FULL, "Too many requests wait for the local models.", retry_after=1)
            self._waiting.put(work)
            self._size += work.size
            self._changed.notify()

    def in_order(self) -> list[Work]:
        """The requests: the first of them that can begin has the next turn."""
        with self._changed:
            return self._waiting.in_order()

    def take(self, work: Work) -> bool:
        """Give a request its turn. False: it was cancelled meanwhile."""
        with self._changed:
            taken = self._waiting.take(work)
            self._size -= work.size if taken else 0
            return taken

    def remove(self, unwanted: Callable[[Work], bool]) -> list[Work]:
        with self._changed:
            removed = self._waiting.remove(unwanted)
            self._size -= sum(work.size for work in removed)
            return removed

    def leave(self, errand: Errand) -> None:
        with self._changed:
            self._errands.append(errand)
            self._changed.notify()

    def take_errands(self) -> list[Errand]:
        with self._changed:
            errands, self._errands = self._errands, []
        return errands

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()

    @property
    def is_stopping(self) -> bool:
        return self._stopping

    def wait(self, known: int, timeout: float | None) -> None:
        """Until more than the known requests wait, or there is something else to do; `timeout` is in seconds.

        Those who come at the same time are waited for a moment longer.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_needed or len(self._waiting) > known, timeout)
            self._changed.wait_for(lambda: self._is_needed or not self._expected, TOGETHER)

    @property
    def _is_needed(self) -> bool:
        return self._stopping or bool(self._errands)
