"""Requests at the worker, and what has come for them: rendered as it comes, and read as one."""

from collections.abc import Callable, Iterable

import msgspec

from inference.errors import BackendError, Kind
from inference.intake import Intake
from inference.protocols import wire
from inference.silence import Silence

# From a list of events to the chunk that stands for it.
type Render = Callable[[msgspec.Raw], bytes]


def ignored() -> None:
    """What is heard of an answer, where nobody waits for it."""


class Exchange:
    """One request; `job` is the work of a model in it. What comes for it goes to its answers."""

    def __init__(self, number: int, render: Render, answers: "Answers", *, job: msgspec.Raw | None = None) -> None:
        self.id = number
        self.job = job
        self._render = render
        self._answers = answers
        self.result: wire.Result | None = None
        self.ended = False

    def put(self, events: msgspec.Raw) -> None:
        """Raises BackendError where too much waits to be taken."""
        self._answers.put(self._render(events))
        if self._answers.is_full:
            raise BackendError(Kind.UPSTREAM_STREAM_TRUNCATED, "The answer was not read fast enough.")

    def hear(self) -> None:
        """A sign that it is being worked on."""
        self._answers.heard()

    def end(self, error: BackendError | None = None, *, result: wire.Result | None = None) -> None:
        if not self.ended:
            self.ended, self.result = True, result
            self._answers.note_end(error)


class Answers(Intake):
    """What comes for some requests. The failure of one is the failure of all. `buffer` is in bytes for each.

    `heard` is called when there is more of them, or a sign that they are being worked on.
    """

    def __init__(self, *, buffer: int, cancel: Callable[[Exchange], None]) -> None:
        super().__init__()
        self._buffer = buffer
        self._cancel = cancel
        self._exchanges: tuple[Exchange, ...] = ()
        self._silence: Silence | None = None
        self.heard: Callable[[], None] = ignored

    def expect(self, exchanges: Iterable[Exchange]) -> None:
        self._exchanges = tuple(exchanges)

    def limit(self, idle: float) -> None:
        """From now on nobody waits longer than so many seconds for what comes next, or a sign that it is written."""
        self._silence = Silence(idle, self._give_up)
        self.heard = self._silence.renew

    @property
    def is_full(self) -> bool:
        """Behind the piece that is read next, which may be of any size."""
        first = len(self._ahead[0]) if self._ahead else 0
        return self._size - first > self._buffer * len(self._exchanges)

    async def wait(self) -> None:
        if self._silence is not None:
            self._silence.begin()
        await super().wait()

    def put(self, chunk: bytes) -> None:
        if self._silence is None:
            self.heard()
        else:
            self._silence.end()
        super().put(chunk)

    def note_end(self, error: BackendError | None) -> None:
        """Of one of the requests."""
        if error is not None:
            self.end(error)
            self._leave()
        elif all(exchange.ended for exchange in self._exchanges):
            self.end()

    def result(self) -> wire.Result:
        """Of one request that ends with a result, once it has."""
        result = self._exchanges[0].result
        assert result is not None
        return result

    def close(self) -> None:
        if self._silence is not None:
            self._silence.close()
        super().close()
        self._leave()
        # They hold us: together we would stay until the garbage collector came.
        self._exchanges = ()

    def _give_up(self) -> None:
        self.end(BackendError(Kind.UPSTREAM_TIMEOUT, "The local worker has stopped answering."))

    def _leave(self) -> None:
        """Cancel what has not ended."""
        for exchange in self._exchanges:
            self._cancel(exchange)
