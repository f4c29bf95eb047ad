"""Sends a response to the client, part by part. A client that takes none for the idle time is taken as gone."""

import asyncio
from collections.abc import Iterator

from inference.api.requests import Message, Send
from inference.api.respond import Response
from inference.relay import Relay
from inference.silence import Silence

# In bytes. What one write hands to the server, so that a client that does not read leaves most of a large body unsent.
PIECE = 1024**2


class Sending:
    """One response, within `idle` seconds a part. Of a stream only what is still to be sent is held."""

    def __init__(self, response: Response, send: Send, idle: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._send = send
        self._left: Message | None = head(response)
        self._body = response.body
        self._is_late = False
        self._silence = Silence(idle, self._give_up)

    async def run(self) -> None:
        """Raises TimeoutError."""
        try:
            await self._hand(self._head())
            if isinstance(self._body, Relay):
                async for data in self._body:
                    await self._hand(part(data, more=True))
                    # Else it would be held until the next is there.
                    del data
                await self._hand(part(b"", more=False))
            else:
                for message in pieces(self._body):
                    await self._hand(message)
        except asyncio.CancelledError:
            if not self._is_late:
                raise
            self._task.uncancel()
            raise TimeoutError from None
        finally:
            self._silence.close()

    def _head(self) -> Message:
        head, self._left = self._left, None
        assert head is not None
        return head

    async def _hand(self, message: Message) -> None:
        self._silence.begin()
        await self._send(message)
        self._silence.end()

    def _give_up(self) -> None:
        self._is_late = True
        self._task.cancel()


def head(response: Response) -> Message:
    headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in response.headers.items()]
    if isinstance(response.body, bytes):
        headers.append((b"content-length", b"%d" % len(response.body)))
    return {"type": "http.response.start", "status": response.status, "headers": headers}


def pieces(body: bytes) -> Iterator[Message]:
    rest = memoryview(body)
    while len(rest) > PIECE:
        yield part(rest[:PIECE], more=True)
        rest = rest[PIECE:]
    yield part(rest, more=False)


def part(data: bytes | memoryview, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}
