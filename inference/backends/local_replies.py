"""The local worker's answers as replies: streams of what it writes, and values that come whole."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from inference.backends.exchanges import Answers
from inference.errors import BackendError, Kind
from inference.silence import Silence


class StreamReply:
    """`first` is what has come already. Closing it ends `stay`.

    `idle`: how many seconds may pass without a chunk, or a sign that the next is being written.
    """

    headers: tuple[tuple[str, str], ...] = ()
    is_stream = True

    def __init__(self, answers: Answers, *, first: bytes, idle: float, stay: AsyncExitStack) -> None:
        self._answers = answers
        self._stay = stay
        self._first = first
        self._silence = Silence(idle, self._give_up)
        answers.tell(self._silence.renew)

    async def chunks(self) -> AsyncIterator[bytes]:
        chunk = self._first
        while chunk:
            yield chunk
            self._silence.begin()
            chunk = await self._answers.take()
            self._silence.end()

    def _give_up(self) -> None:
        self._answers.fail(BackendError(Kind.UPSTREAM_TIMEOUT, "The local worker has stopped answering."))

    async def aclose(self) -> None:
        self._silence.close()
        self._answers.close()
        await self._stay.aclose()


class WholeReply:
    headers: tuple[tuple[str, str], ...] = ()
    is_stream = False

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._body

    async def aclose(self) -> None:
        """Nothing is held."""
