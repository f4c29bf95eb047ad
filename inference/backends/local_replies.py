"""The local worker's answers as replies: streams of what it writes, and values that come whole."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from inference.backends.exchanges import Answers
from inference.intake import Intake


class StreamReply:
    """`idle`: how many seconds may pass without a chunk, or a sign that the next is written. Closing it ends `stay`."""

    headers: tuple[tuple[str, str], ...] = ()
    is_stream = True

    def __init__(self, answers: Answers, *, idle: float, stay: AsyncExitStack) -> None:
        self._answers = answers
        self._stay = stay
        answers.limit(idle)

    def intake(self) -> Intake:
        return self._answers

    async def chunks(self) -> AsyncIterator[bytes]:
        while chunk := await self._answers.take():
            yield chunk

    async def aclose(self) -> None:
        self._answers.close()
        await self._stay.aclose()


class WholeReply:
    headers: tuple[tuple[str, str], ...] = ()
    is_stream = False

    def __init__(self, body: bytes) -> None:
        self._body = body

    def intake(self) -> Intake:
        intake = Intake()
        intake.put(self._body)
        intake.end()
        return intake

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._body

    async def aclose(self) -> None:
        """Nothing is held."""
