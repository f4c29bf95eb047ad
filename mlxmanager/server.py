"""One web process: uvicorn on the listening socket that `serve` hands down.

    python -m mlxmanager.server --socket FD --parent FD --shares FD --place N

It drains on SIGTERM and exits 0. When its parent is gone, which shows as the end of the pipe that it inherited, it
leaves at once.
"""

import argparse
import asyncio
import gc
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from django.conf import settings

from inference.shares import Shares
from mlxmanager.asgi import application
from mlxmanager.door import Door
from mlxmanager.http import BoundedHttp

log = structlog.get_logger("mlxmanager.server")


class Server(uvicorn.Server):
    """Leaves the signals to us: uvicorn would cut open streams, and end with the signal rather than with 0.

    And takes connections through a door.
    """

    def __init__(self, config: uvicorn.Config, shares: Shares) -> None:
        super().__init__(config)
        self.shares = shares

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        assert sockets is not None
        [listener] = sockets
        self.door = Door(listener, self.shares, connections=self.server_state.connections, protocol=self.make_protocol)
        self.servers = [self.door]  # type: ignore[list-item]  # it ends as uvicorn ends a server
        self.door.open()

    def make_protocol(self) -> BoundedHttp:
        return BoundedHttp(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        self.door.tell()
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.drain)
        yield

    def drain(self) -> None:
        if not application.gateway.activity.draining:
            self.draining = asyncio.ensure_future(self.drain_then_exit())

    async def drain_then_exit(self) -> None:
        await application.gateway.activity.drain(settings.DRAIN_SECONDS)
        self.should_exit = True


def leave_with_parent(descriptor: int) -> None:
    """Nobody writes to the pipe: reading returns when the last writer, our parent, is gone."""
    os.read(descriptor, 1)
    os._exit(1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--shares", type=int, required=True, help="a file of a number for each web process")
    parser.add_argument("--place", type=int, required=True, help="this one's place in it, from 0 on")
    options = parser.parse_args()
    threading.Thread(target=leave_with_parent, args=(options.parent,), daemon=True).start()
    config = uvicorn.Config(
        application,
        interface="asgi3",
        loop="uvloop",
        http=BoundedHttp,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
    )
    server = Server(config, Shares(options.shares, options.place))
    # What we have imported stays for good: the collector need not walk through all of it again and again. And a request
    # leaves few cycles behind, so that it need not come after every second one.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
    server.run(sockets=[socket.socket(fileno=options.socket)])


if __name__ == "__main__":
    main()
