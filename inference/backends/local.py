"""The backend in front of the local worker: one connection per process, many requests on it."""

import asyncio
import functools
import math
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from inference import budget, sockets
from inference.backends.base import Call, Reply
from inference.backends.local_calls import requests
from inference.backends.local_replies import StreamReply, WholeReply
from inference.backends.pulse import is_idle
from inference.backends.quarantine import Job, Quarantine
from inference.backends.worker_connection import RETRY_AFTER, Connection, job_of, unavailable
from inference.errors import BackendError, GatewayError, Kind
from inference.protocols import native, wire
from routing.route import Target

HELLO_SECONDS = 5.0
FAILURE_HOLDS = 0.2
# How long a worker that has crashed is waited for: `serve` starts another, which has to import MLX. That takes two
# seconds, and many times that on a machine that is very busy.
COMING_BACK_SECONDS = 20.0
# Longer than loading a tokenizer keeps the worker from its socket.
LONGEST_SILENCE = 10.0
PING_SECONDS = 5.0
ANSWER_SECONDS = 60.0
LARGEST_FRAME = wire.largest_frame(32 * 1024**2)

# What may wait for a slow client; the answer is given up beyond it.
BUFFER_BYTES = 64 * 1024


class LocalBackend:
    """Connects when it is first needed, and again when the worker is back. `socket` is `sockets.socket_path`'s.

    `needs` gives the bytes of memory without which a model answers nothing; what cannot fit the worker is not asked.
    """

    protocol = "native"

    def __init__(
        self,
        socket: Path,
        *,
        largest_frame: int = LARGEST_FRAME,
        buffer: int = BUFFER_BYTES,
        silence: float = LONGEST_SILENCE,
        needs: Callable[[str], int] = lambda _: 0,
    ) -> None:
        self._socket = socket
        self._needs = needs
        self._quarantine = Quarantine()
        self._make = functools.partial(
            Connection, self._quarantine, largest_frame=largest_frame, buffer=buffer, silence=silence
        )
        self._connection: Connection | None = None
        self._failed_at = -math.inf
        self._crashed_at = -math.inf
        self._connecting = asyncio.Lock()
        self._options: wire.Configure | None = None

    @property
    def is_connected(self) -> bool:
        return self._connection is not None and self._connection.is_open

    async def open(self, call: Call, target: Target) -> Reply:
        """What `requests` says of the endpoint. A failure of one request is that of the reply.

        Where nobody else could answer, the time until the answer begins counts anew with each piece of the prompt that
        is read.
        """
        asked = requests(call)
        try:
            async with asyncio.timeout(call.first_byte) as limit, AsyncExitStack() as stack:
                jobs = [job for frame, _ in asked if (job := job_of(frame)) is not None]
                connection = await self._enter(call, jobs, stack)
                if call.endpoint != "count":  # which loads no model
                    self._check_fit(target.model, connection)
                answers = connection.ask(asked)
                stack.callback(answers.close)
                if call.last:
                    answers.heard = functools.partial(extend, limit, call.first_byte)
                await answers.wait()
                match call.endpoint:
                    case "count":
                        return WholeReply(wire.encode(answers.result().value))
                    case "embeddings":
                        return WholeReply(native.render_embeddings(answers.result()))
                    case _:
                        return StreamReply(answers, idle=call.idle, stay=stack.pop_all())
        except TimeoutError:
            raise self._late(target) from None

    def _check_fit(self, model: str, connection: Connection) -> None:
        assert connection.pulse.status is not None
        try:
            budget.check(model, sum(map(self._needs, self._parts(model))), connection.pulse.status.budget)
        except GatewayError as error:
            raise BackendError(error.kind, error.message) from None

    def _parts(self, model: str) -> list[str]:
        """The model, and the one that guesses for it."""
        options = () if self._options is None else self._options.models
        return [model, *(one.load.draft_model for one in options if one.name == model and one.load.draft_model)]

    def _late(self, target: Target) -> BackendError:
        status = None if self._connection is None else self._connection.pulse.status
        if status is not None and status.loading == target.model:
            return BackendError(Kind.MODEL_LOADING, f"model: {target.model} is loading.", retry_after=RETRY_AFTER)
        return BackendError(Kind.UPSTREAM_TIMEOUT, "The local worker did not answer in time.")

    def configure(self, generation: int, options: Sequence[wire.ModelOptions]) -> None:
        """Tell the worker what is wanted of its models, now or once it is there, and each time it is there again."""
        self._options = wire.Configure(generation, tuple(options))
        if self._connection is not None:
            self._connection.tell(self._options)

    async def status(self) -> wire.Status:
        """The worker's state, at most about a second old. Raises BackendError where there is no worker."""
        status = (await self._connect()).pulse.status
        assert status is not None
        return status

    def trouble(self) -> str | None:
        """Why a worker that still talks is taken to hang, in words about `it`."""
        return None if self._connection is None else self._connection.pulse.trouble()

    def at_work(self, *, within: float) -> wire.Status | None:
        """The state of a worker that has spoken in these last seconds and is in the middle of something."""
        connection = self._connection
        if connection is None or not connection.is_open or connection.silence > within:
            return None
        pulse = connection.pulse
        return None if pulse.status is None or is_idle(pulse.status) or pulse.trouble() else pulse.status

    async def ping(self, *, within: float = PING_SECONDS) -> None:
        """Have the worker's model thread answer. Raises BackendError where it does not, save while it loads a model."""
        try:
            await self._result(wire.Ping(id=0), within=within)
        except BackendError:
            if not (await self.status()).loading:
                raise

    async def load(self, model: str) -> None:
        await self._result(wire.Load(id=0, model=model))

    async def unload(self, model: str) -> None:
        await self._result(wire.Unload(id=0, model=model))

    async def aclose(self) -> None:
        if self._connection is not None:
            self._connection.close()

    async def _result(self, frame: wire.Asking, *, within: float = ANSWER_SECONDS) -> None:
        answers = (await self._connect()).ask([(frame, wire.prefixed)])
        try:
            async with asyncio.timeout(within):
                await answers.wait()
        except TimeoutError:
            raise unavailable("The local worker did not answer in time.") from None
        finally:
            answers.close()

    async def _enter(self, call: Call, jobs: Sequence[Job], stack: AsyncExitStack) -> Connection:
        """A worker, and with it the turn of suspects, which nobody holds while the worker is away."""
        self._quarantine.check(jobs)
        until = time.monotonic() + COMING_BACK_SECONDS
        while True:
            connection = await self._connect_for(call, until)
            stay = await self._quarantine.enter(jobs)
            if connection.is_open:
                await stack.enter_async_context(stay)
                return connection
            await stay.aclose()

    async def _connect_for(self, call: Call, until: float) -> Connection:
        """Where nobody else could answer, and the worker has crashed just now, wait for the next one."""
        waits = call.last and call.endpoint != "count"
        while True:
            try:
                return await self._connect()
            except BackendError:
                now = time.monotonic()
                if not waits or now > min(until, self._crashed_at + COMING_BACK_SECONDS):
                    raise
            await asyncio.sleep(FAILURE_HOLDS)

    async def _connect(self) -> Connection:
        async with self._connecting:
            if self._connection is None or not self._connection.is_open:
                if self._connection is not None and self._connection.crashed:
                    self._crashed_at, self._connection = time.monotonic(), None
                # Those who waited for a connection that did not come need not each wait for it anew.
                if time.monotonic() - self._failed_at < FAILURE_HOLDS:
                    raise unavailable("The local worker does not run.")
                self._connection = await self._new_connection()
                if self._options is not None:
                    self._connection.tell(self._options)
            return self._connection

    async def _new_connection(self) -> Connection:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                _, connection = await asyncio.get_running_loop().create_unix_connection(
                    self._make, sockets.reach(self._socket)
                )
                try:
                    await connection.ready
                except BaseException:
                    connection.close()
                    raise
        except OSError:  # a TimeoutError is one
            self._failed_at = time.monotonic()
            raise unavailable("The local worker does not run.") from None
        return connection


def extend(limit: asyncio.Timeout, seconds: float) -> None:
    if not limit.expired():
        limit.reschedule(asyncio.get_running_loop().time() + seconds)
