"""Whether the client is still there while its request is answered, as our server tells by an extension of ASGI.

A `receive()` that waits for the client to leave would take a task of its own for each request.
"""

import asyncio
from collections.abc import Callable

from inference.api.requests import Message

# What `scope["extensions"]` has under this name is told whom to call when the client leaves, or has left; None: nobody.
EXTENSION = "mlxmanager.presence"

type Watch = Callable[[Callable[[], None] | None], None]


class Presence:
    """Cancels the task that answers when its client leaves. End it whatever happened."""

    __slots__ = ("_task", "_watch", "is_gone")

    def __init__(self, scope: Message, task: asyncio.Task[object]) -> None:
        self._task = task
        self._watch: Watch = scope["extensions"][EXTENSION]
        self.is_gone = False

    def begin(self) -> None:
        self._watch(self._leave)

    def end(self) -> None:
        self._watch(None)

    def _leave(self) -> None:
        self.is_gone = True
        self._task.cancel()
