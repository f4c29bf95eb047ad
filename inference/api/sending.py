"""Sends a response to the client, part by part. A client that takes none for the idle time is taken as gone."""

import asyncio

from inference.api.requests import Message, Send
from inference.api.respond import Response
from inference.relay import Relay
from inference.silence import Silence

# In bytes. What one write hands to the server, so that a client that does not read leaves most of a large body unsent.
PIECE = 1024**2


class Sending:
    """One response, within `idle` seconds a part. Raises TimeoutError."""

    def __init__(self, send: Send, idle: float) -> None:
        self._send = send
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._is_late = False
        self._silence = Silence(idle, self._give_up)

    async def run(self, response: Response) -> None:
        try:
            if isinstance(response.body, Relay):
                await self._stream(response, response.body)
            else:
                await self._plain(response, response.body)
        except asyncio.CancelledError:
            if not self._is_late:
                raise
            self._task.uncancel()
            raise TimeoutError from None
        finally:
            self._silence.close()

    async def _plain(self, response: Response, body: bytes) -> None:
        await self._hand(head(response, (b"content-length", b"%d" % len(body))))
        rest = memoryview(body)
        while len(rest) > PIECE:
            await self._hand(part(rest[:PIECE], more=True))
            rest = rest[PIECE:]
        await self._hand(part(rest, more=False))

    async def _stream(self, response: Response, relay: Relay) -> None:
        await self._hand(head(response))
        async for data in relay:
            await self._hand(part(data, more=True))
        await self._hand(part(b"", more=False))

    async def _hand(self, message: Message) -> None:
        self._silence.begin()
        await self._send(message)
        self._silence.end()

    def _give_up(self) -> None:
        self._is_late = True
        self._task.cancel()


def head(response: Response, *more: tuple[bytes, bytes]) -> Message:
    headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in response.headers.items()]
    return {"type": "http.response.start", "status": response.status, "headers": [*headers, *more]}


def part(data: bytes | memoryview, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}
