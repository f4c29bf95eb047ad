"""What the parsers of both vendors' event streams share: event by event, and what to do where one cannot be read."""

from abc import ABC, abstractmethod

from inference import ir, sse
from inference.errors import BackendError, Kind

MERE = ir.Started | ir.Ping


class EventParser(ABC):
    """`is_ending`: nothing but the end may come now.

    What was said before an error is told first, and the error with the next call: a client has paid for those words.
    """

    def __init__(self) -> None:
        self.is_ending = False
        self._events = sse.Parser()
        self._failure: BackendError | None = None

    def feed(self, chunk: bytes) -> list[ir.Event]:
        """Raises BackendError."""
        self._check()
        return self._parsed(self._events.feed(chunk))

    def close(self) -> list[ir.Event]:
        """Raises BackendError where the stream broke, or ended too early."""
        self._check()
        try:
            rest = self._parsed(self._events.close())
        except BackendError as error:
            if error.kind is not Kind.UPSTREAM_INVALID_RESPONSE:
                raise
            # Half an event, for the stream was cut inside it.
            rest = []
        self._check()
        return rest + self._ended()

    @abstractmethod
    def _read(self, data: str) -> list[ir.Event]:
        """One event's data. Raises BackendError."""

    @abstractmethod
    def _ended(self) -> list[ir.Event]:
        """The stream has. Raises BackendError where that was too early."""

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _parsed(self, received: list[str]) -> list[ir.Event]:
        events: list[ir.Event] = []
        for data in received:
            try:
                events += self._read(data)
            except BackendError as error:
                if all(isinstance(event, MERE) for event in events):
                    raise
                self._failure = error
                self.is_ending = True
                break
        return events
