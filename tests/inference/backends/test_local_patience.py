"""How long a local answer is waited for: as long as its prompt is read, or more of it written."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from inference import ir
from inference.backends.base import Call
from inference.backends.local import LocalBackend
from inference.errors import BackendError, Kind
from inference.protocols import native, wire
from inference.protocols.codec import Aim
from routing.route import Target
from tests.local_models import Answered, ask, question, read
from tests.schemas import record

IDLE = wire.Status(0, 0.0, 0, 0, None, 0, (), 10**9)
PIECES = 8
SECONDS = 0.1
ANSWER = [ir.Started(usage=ir.Usage(input_tokens=9)), ir.TextDelta("Here."), ir.Finished("end_turn", None, ir.Usage())]


@asynccontextmanager
async def slow_reader() -> AsyncIterator[LocalBackend]:
    """In front of one that speaks the worker's protocol and reads each prompt in pieces, a while each."""

    async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = wire.FrameReader(wire.TO_WORKER, 2**20)
        writer.write(wire.pack(wire.Hello(wire.VERSION)) + wire.pack(IDLE))
        while data := await reader.read(65536):
            for frame in frames.feed(data):
                if isinstance(frame, wire.Submit):
                    for piece in range(PIECES):
                        await asyncio.sleep(SECONDS)
                        writer.write(wire.pack(wire.Progress(frame.id, piece + 1, PIECES)))
                    writer.write(wire.pack(wire.Events(((frame.id, msgspec.Raw(wire.encode(ANSWER))),))))
                    writer.write(wire.pack(wire.Done(frame.id, ir.Usage(), wire.Timings())))
        writer.close()

    with tempfile.TemporaryDirectory(prefix="mlxs-", dir="/tmp") as folder:
        path = Path(folder) / "worker.sock"
        async with await asyncio.start_unix_server(work, path):
            backend = LocalBackend(path)
            yield backend
            await backend.aclose()


async def asked(backend: LocalBackend, *, last: bool) -> Answered:
    body = native.render_request(question("Hello"), Aim("m")).body
    call = Call("req_test", "", body, stream=True, first_byte=4 * SECONDS, last=last)
    return await read(await backend.open(call, Target("local", "m")))


async def test_a_prompt_that_is_being_read_is_waited_for() -> None:
    async with slow_reader() as backend:
        assert (await asked(backend, last=True)).text == "Here."


async def test_another_target_answers_where_reading_takes_too_long() -> None:
    async with slow_reader() as backend:
        with pytest.raises(BackendError) as caught:
            await asked(backend, last=False)
    assert caught.value.kind is Kind.UPSTREAM_TIMEOUT


async def test_a_call_that_is_being_written_is_waited_for(local: LocalBackend) -> None:
    essay = ir.Tool("write", record(text={"type": "string", "minLength": 1500, "maxLength": 1500}))
    asked_for = question(
        "Tell me a story.", tools=(essay,), tool_choice=ir.ToolChoice("tool", "write"), max_tokens=2000
    )
    began = time.monotonic()
    whole = await ask(local, asked_for)
    patience = (time.monotonic() - began) / 3
    assert whole.finished.usage.output_tokens > 150
    body = native.render_request(asked_for, Aim("mlxmanager/demo")).body
    reply = await local.open(Call("req_test", "", body, stream=True, idle=patience), Target("local", "mlxmanager/demo"))
    assert (await read(reply)).calls == whole.calls
