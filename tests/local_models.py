"""Requests to the local worker and their answers, in the neutral form; and model folders made from the demo model."""

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from inference import ir
from inference.backends.base import Call, Reply
from inference.backends.local import LocalBackend
from inference.installed import DEMO_FOLDER, DEMO_NAME
from inference.protocols import native, wire
from inference.protocols.codec import Aim
from routing.route import Target

WEATHER = ir.Tool(
    "get_weather",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    description="Get the weather",
)


def question(text: str, **fields: Any) -> ir.Request:
    """A request of one user message, without thinking unless the fields say otherwise."""
    messages = (ir.Message("user", (ir.Text(text),)),)
    return msgspec.structs.replace(ir.Request("any", messages, shows_reasoning=False), **fields)


async def begin(
    backend: LocalBackend,
    request: ir.Request,
    *,
    model: str = DEMO_NAME,
    tenant: str = "",
    first_byte: float = 60,
    idle: float = 120,
) -> Reply:
    body = native.render_request(request, Aim(model)).body
    call = Call("req_test", "", body, stream=True, tenant=tenant, first_byte=first_byte, idle=idle)
    return await backend.open(call, Target("local", model))


async def ask(backend: LocalBackend, request: ir.Request, *, model: str = DEMO_NAME, tenant: str = "") -> "Answered":
    """The whole answer."""
    return await read(await begin(backend, request, model=model, tenant=tenant))


async def complete(
    backend: LocalBackend,
    prompt: str | tuple[int, ...],
    *,
    model: str = DEMO_NAME,
    echo: bool = False,
    **fields: Any,
) -> "Answered":
    """The whole continuation of a raw prompt."""
    job = native.Job(ir.Request(model, (), **fields), prompt=prompt, echo=echo)
    call = Call("req_test", "", wire.encode(job), stream=True)
    return await read(await backend.open(call, Target("local", model)))


async def read(reply: Reply) -> "Answered":
    parser = native.stream_parser()
    try:
        events = [event async for chunk in reply.chunks() for event in parser.feed(chunk)]
    finally:
        await reply.aclose()
    return Answered([*events, *parser.close()])


async def count(backend: LocalBackend, request: ir.Request, *, model: str = DEMO_NAME) -> int:
    call = Call("req_test", "count", native.render_request(request, Aim(model)).body, stream=False)
    reply = await backend.open(call, Target("local", model))
    (body,) = [chunk async for chunk in reply.chunks()]
    return msgspec.msgpack.decode(body, type=int)


async def embed(
    backend: LocalBackend,
    *inputs: str | tuple[int, ...],
    model: str = "test/bert",
    dimensions: int | None = None,
    first_byte: float = 60,
) -> native.Embeddings:
    body = wire.encode(native.EmbeddingJob(model, inputs, dimensions))
    reply = await backend.open(
        Call("req_test", "embeddings", body, stream=False, first_byte=first_byte), Target("local", model)
    )
    assert not reply.is_stream
    (answer,) = [chunk async for chunk in reply.chunks()]
    return native.EMBEDDINGS.decode(answer)


async def until(condition: Callable[[wire.Status], bool], backend: LocalBackend) -> wire.Status:
    """The worker's status once the condition holds."""
    deadline = time.monotonic() + 10
    while True:
        await backend.ping()
        status = await backend.status()
        if condition(status):
            return status
        assert time.monotonic() < deadline, status
        await asyncio.sleep(0.02)


def is_idle(status: wire.Status) -> bool:
    return status.active == 0 and status.waiting == 0


class Answered:
    """The events of an answer, and what they say together."""

    def __init__(self, events: Sequence[ir.Event]) -> None:
        self.events = list(events)

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ir.TextDelta))

    @property
    def thinking(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ir.ThinkingDelta))

    @property
    def calls(self) -> list[tuple[str, Any]]:
        names = [event.name for event in self.events if isinstance(event, ir.ToolStarted)]
        inputs = [json.loads(event.json) for event in self.events if isinstance(event, ir.ToolDelta)]
        return list(zip(names, inputs, strict=True))

    @property
    def finished(self) -> ir.Finished:
        last = self.events[-1]
        assert isinstance(last, ir.Finished)
        return last


def loaded[T](pieces: Generator[None, None, T]) -> T:
    """What comes of loading a model in this process, all pieces at once."""
    try:
        while True:
            next(pieces)
    except StopIteration as end:
        value: T = end.value
        return value


def without_template(folder: Path) -> None:
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "chat_template": None}))


def copy_demo(models_dir: Path, name: str, *, template: str | None = None, **config: Any) -> Path:
    """An installed copy of the demo model, with another chat template or more in its config.json."""
    folder = models_dir / name
    shutil.copytree(DEMO_FOLDER, folder)
    if template is not None:
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"chat_template": template}))
    if config:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return folder


def swap_words(folder: Path) -> None:
    """Put two words of a vocabulary in each other's place."""
    path = folder / "tokenizer.json"
    made = json.loads(path.read_text())
    words = made["model"]["vocab"]
    one, other = sorted(words, key=words.get)[-2:]
    words[one], words[other] = words[other], words[one]
    path.write_text(json.dumps(made))
