"""Takes connections from the socket that all web processes listen on, so that each process gets its share.

A client keeps its connections. A process that took most of them would do most of the work from then on, and the other
cores would have none; and uvloop by itself takes all that wait.
"""

import asyncio
import socket
from collections.abc import Callable, Collection

import structlog

from inference.shares import Shares

log = structlog.get_logger("mlxmanager.door")

# In seconds. A process that has more connections than another leaves the next one to it for so long.
PATIENCE = 0.001
AFTER_ERROR = 1.0


class Door:
    """Ends as uvicorn ends an asyncio server: with `close`, then `wait_closed`. The listener stays its owner's."""

    def __init__(
        self,
        listener: socket.socket,
        shares: Shares,
        *,
        connections: Collection[object],
        protocol: Callable[[], asyncio.Protocol],
    ) -> None:
        """`connections` are those that `protocol` has been made for, as long as they are open."""
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._shares = shares
        self._connections = connections
        self._protocol = protocol
        self._greeting: set[asyncio.Task[None]] = set()
        self._resting: asyncio.TimerHandle | None = None

    def open(self) -> None:
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener, self._look)

    def close(self) -> None:
        self._loop.remove_reader(self._listener)
        if self._resting is not None:
            self._resting.cancel()

    async def wait_closed(self) -> None:
        await asyncio.gather(*self._greeting)

    def tell(self) -> None:
        self._shares.show(len(self._connections) + len(self._greeting))

    def _look(self) -> None:
        """One connection at a time: while more wait, the loop calls again."""
        self.tell()
        if self._shares.is_ahead():
            self._rest(PATIENCE)
        else:
            self._take()

    def _rest(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._resting = self._loop.call_later(seconds, self._insist)

    def _insist(self) -> None:
        """Whoever had fewer may be busy, or gone."""
        self._loop.add_reader(self._listener, self._look)
        self._take()

    def _take(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # Another process was sooner, or the client has left.
        except OSError as error:
            log.warning("no connection can be taken", reason=error.strerror)
            self._rest(AFTER_ERROR)
            return
        connection.setblocking(False)
        greeting = self._loop.create_task(self._greet(connection))
        self._greeting.add(greeting)
        greeting.add_done_callback(self._greeting.discard)
        self.tell()

    async def _greet(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError:
            connection.close()
