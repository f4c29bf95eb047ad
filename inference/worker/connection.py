"""One gateway process at the socket: its frames to the scheduler, and the scheduler's updates back to it."""

import asyncio
import functools
import logging
import os
import socket
import struct
import sys
import time
from collections.abc import Coroutine, Iterable
from typing import cast

import msgspec

from inference.errors import GatewayError, Kind
from inference.ir import Event
from inference.protocols import native, wire
from inference.worker import forms
from inference.worker.scheduler import Scheduler
from inference.worker.tokens import Tokenizers
from inference.worker.work import Caller, Update, Work, failed, unanswered

log = logging.getLogger(__name__)

CAPABILITIES = ("count", "embeddings", "likelihoods", "raw prompts", "schemas", "seeds", "stops", "thinking", "tools")

# A gateway that reads this much less than is written, beside one frame of any length, hangs; its requests are not
# worth the memory.
LARGEST_BACKLOG = 16 * 1024**2

# Of macOS's sys/un.h and sys/ucred.h: a version, the user, a count and sixteen groups.
SOL_LOCAL, LOCAL_PEERCRED, XUCRED_BYTES = 0, 1, 76

type Task = asyncio.Task[wire.Frame | None]


class Connection(asyncio.Protocol):
    """`opened` holds the connections that have said hello."""

    def __init__(
        self, scheduler: Scheduler, tokenizers: Tokenizers, *, largest_frame: int, opened: set["Connection"]
    ) -> None:
        self._scheduler = scheduler
        self._tokenizers = tokenizers
        self._largest_backlog = LARGEST_BACKLOG + largest_frame
        self._tasks: dict[int, Task] = {}
        self._reader = wire.FrameReader(wire.TO_WORKER, largest_frame)
        self._opened = opened
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an isinstance: uvloop's transports are no asyncio.Transport, only alike.
        transport = cast(asyncio.Transport, transport)
        if not is_own_user(transport.get_extra_info("socket")):
            log.warning("connection refused: another user's process")
            transport.abort()
            return
        self._transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        self._transport = None
        self._opened.discard(self)
        for task in self._tasks.values():
            task.cancel()
        self._scheduler.cancel(lambda caller: caller.owner is self)

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                self._receive(frame)
        except msgspec.MsgspecError as error:
            log.warning("connection closed: not a frame error=%s", type(error).__name__)
            self.close()

    def send(self, frames: Iterable[wire.Frame]) -> None:
        if self._transport is None:
            return
        self._transport.write(b"".join(map(wire.pack, frames)))
        if self._transport.get_write_buffer_size() > self._largest_backlog:
            log.warning("connection closed: it does not read")
            self._transport.abort()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def leave(self) -> None:
        """End in order, and say so: the gateway shall not take it for a crash."""
        self.send([wire.Error(0, Kind.LOCAL_WORKER_UNAVAILABLE, "The local worker has ended.")])
        self.close()

    def _receive(self, frame: wire.ToWorker | wire.TooLarge) -> None:
        if self not in self._opened:
            self._greet(frame)
            return
        try:
            self._dispatch(frame)
        except GatewayError as error:
            assert not isinstance(frame, (wire.Hello, wire.Configure))
            self.deliver([failed(Caller(self, frame.id or 0), error)])

    def _greet(self, frame: wire.ToWorker | wire.TooLarge) -> None:
        if isinstance(frame, wire.Hello) and frame.version == wire.VERSION:
            self._opened.add(self)
            self.send([wire.Hello(wire.VERSION, CAPABILITIES), self._scheduler.status()])
            return
        message = f"The worker speaks version {wire.VERSION} of the protocol; restart what speaks another."
        self.send([wire.Hello(wire.VERSION), wire.Error(0, Kind.LOCAL_WORKER_UNAVAILABLE, message)])
        self.close()

    def _dispatch(self, frame: wire.ToWorker | wire.TooLarge) -> None:
        match frame:
            case wire.Submit():
                self._start(frame.id, self._submit(frame))
            case wire.Cancel():
                self._cancel(frame.id)
            case wire.Configure():
                self._scheduler.configure(frame.generation, frame.models)
            case wire.Count():
                self._start(frame.id, self._count(frame))
            case wire.Embed():
                self._start(frame.id, self._embed(frame))
            case wire.Load():
                self._scheduler.load(Caller(self, frame.id), frame.model)
            case wire.Unload():
                self._scheduler.unload(Caller(self, frame.id), frame.model)
            case wire.Ping():
                self.send([self._scheduler.status()])
                self._scheduler.ping(Caller(self, frame.id))
            case wire.TooLarge():
                raise GatewayError(Kind.REQUEST_TOO_LARGE, "The request is too large for the local worker.")
            case wire.Hello():
                self.close()

    def _cancel(self, number: int) -> None:
        task = self._tasks.get(number)
        if task is None or not task.cancel():
            self._scheduler.cancel(Caller(self, number).__eq__)

    def _start(self, number: int, answering: Coroutine[None, None, wire.Frame | None]) -> None:
        """Begin what waits for tokenizers, while other frames come."""
        self._tasks[number] = asyncio.get_running_loop().create_task(answering)
        self._tasks[number].add_done_callback(functools.partial(self._settle, Caller(self, number)))

    def _settle(self, caller: Caller, task: Task) -> None:
        self._tasks.pop(caller.id, None)
        error = None if task.cancelled() else task.exception()
        if task.cancelled():
            self.deliver([unanswered(caller)])
        elif isinstance(error, GatewayError):
            self.deliver([failed(caller, error)])
        elif error is not None:
            log.error("request failed", exc_info=error)
            self.deliver([failed(caller, GatewayError(Kind.INTERNAL_ERROR, "The local worker failed at this."))])
        elif (answer := task.result()) is not None:
            self.deliver([Update(caller, answer)])

    async def _count(self, frame: wire.Count) -> wire.Frame:
        return wire.Result(frame.id, await self._tokenizers.count(read(native.JOB, frame.job), size=len(frame.job)))

    async def _submit(self, frame: wire.Submit) -> None:
        with self._scheduler.expecting():
            self._scheduler.submit(await self._work(frame))
        self.send([wire.Accepted(frame.id)])

    async def _work(self, frame: wire.Submit) -> Work:
        expires = time.monotonic() + frame.deadline
        job = read(native.JOB, frame.job)
        wanted = forms.form(job)
        prompt = await self._tokenizers.prompt(job, size=len(frame.job))
        constraint = None if wanted is None else await self._tokenizers.constrain(job, wanted, prompt=prompt)
        return Work(
            Caller(self, frame.id),
            frame.tenant,
            job,
            expires,
            prompt=prompt,
            constraint=constraint,
            size=len(prompt.tokens),
            is_batch=frame.is_batch or job.is_batch,
        )

    async def _embed(self, frame: wire.Embed) -> None:
        expires = time.monotonic() + frame.deadline
        inputs = await self._tokenizers.read(read(native.EMBEDDING_JOB, frame.job))
        size = sum(map(len, inputs.rows))
        self._scheduler.submit(
            Work(Caller(self, frame.id), frame.tenant, inputs, expires, size=size, is_batch=frame.is_batch)
        )
        self.send([wire.Accepted(frame.id)])

    def deliver(self, updates: Iterable[Update]) -> None:
        """What came since the last time: the events of all answers in one frame, then the frames that end requests."""
        answers: dict[int, list[Event]] = {}
        frames: list[wire.Frame] = []
        for update in updates:
            if isinstance(update.content, wire.Frame):
                frames.append(update.content)
            else:
                answers.setdefault(update.caller.id, []).extend(update.content)
        events = tuple((number, msgspec.Raw(wire.encode(told))) for number, told in answers.items())
        self.send([wire.Events(events), *frames] if events else frames)


def read[T](decoder: msgspec.msgpack.Decoder[T], data: msgspec.Raw) -> T:
    try:
        return decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise GatewayError(Kind.INVALID_TYPE, f"The request is not of the native protocol: {error}.") from error


def is_own_user(peer: socket.socket) -> bool:
    """The socket's folder keeps others out already; the kernel tells the peer's user as well."""
    if sys.platform == "darwin":
        _, user = struct.unpack_from("2I", peer.getsockopt(SOL_LOCAL, LOCAL_PEERCRED, XUCRED_BYTES))
    else:
        _, user, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return bool(user == os.geteuid())
