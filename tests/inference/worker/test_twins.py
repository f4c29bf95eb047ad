"""What is asked among others is answered as it is alone: by rows that begin, end and leave at any time."""

import asyncio
import os
import random
from collections.abc import Sequence

import msgspec

from inference import ir
from inference.backends.base import Call
from inference.backends.local import LocalBackend
from inference.errors import BackendError
from inference.installed import DEMO_NAME
from inference.protocols import native, wire
from routing.route import Target
from tests.inference.worker.random_requests import Asked, make
from tests.local_models import is_idle, until

# How many answers are compared. More take their time: TWINS=1000 make test.
TWINS = int(os.environ.get("TWINS", "60"))
SEED = 1
TOGETHER = 16

type Heard = list[ir.Event] | str


async def hear(local: LocalBackend, asked: Asked, *, tenant: str, leaves: bool) -> Heard:
    """The events of an answer, as far as it was listened to, or why there is none."""
    call = Call("req_test", "", wire.encode(asked.body), stream=True, tenant=tenant, first_byte=300)
    try:
        reply = await local.open(call, Target("local", DEMO_NAME))
    except BackendError as error:
        return f"{error.kind} {error.message}"
    parser, heard, chunks = native.stream_parser(), [], 0
    try:
        async for chunk in reply.chunks():
            heard += parser.feed(chunk)
            chunks += 1
            if leaves and chunks == asked.leaves_after:
                break
    except BackendError as error:
        return f"{error.kind} {error.message}"
    finally:
        await reply.aclose()
    return [comparable(event) for event in heard]


def comparable(event: ir.Event) -> ir.Event:
    """Without what may differ: what was read before, a call's random name, the last digits of likelihoods."""
    match event:
        case ir.TextDelta():
            return msgspec.structs.replace(event, tokens=tuple(map(without_digits, event.tokens)))
        case ir.Started() | ir.Finished():
            return msgspec.structs.replace(event, usage=msgspec.structs.replace(event.usage, cached_tokens=0))
        case ir.ToolStarted():
            return msgspec.structs.replace(event, id="")
        case _:
            return event


def without_digits(token: ir.Token) -> ir.Token:
    """Two candidates that are nearly as likely may even change places."""
    shown = tuple(ir.Candidate(b"", 0.0) for _ in token.candidates)
    return ir.Token(token.data, None if token.logprob is None else 0.0, shown)


def agrees(asked: Asked, alone: Heard, together: Heard) -> bool:
    """Who left has heard a beginning of what there is to hear."""
    if asked.leaves_after is not None and isinstance(together, list):
        return bool(together) and alone[: len(together)] == together
    return alone == together


async def hear_together(local: LocalBackend, asked: Sequence[Asked]) -> list[Heard]:
    """Each as soon as one of those before has ended."""
    places = asyncio.Semaphore(TOGETHER)

    async def one(each: Asked) -> Heard:
        async with places:
            return await hear(local, each, tenant=each.tenant, leaves=True)

    return list(await asyncio.gather(*map(one, asked)))


async def test_what_is_asked_among_others_is_answered_as_it_is_alone(local: LocalBackend) -> None:
    dice = random.Random(SEED)
    asked = [make(dice) for _ in range(TWINS)]
    alone = [await hear(local, each, tenant=f"alone {n}", leaves=False) for n, each in enumerate(asked)]
    hits = (await local.status()).prefixes.hits
    together = await hear_together(local, asked)
    status = await until(is_idle, local)
    assert [model.active for model in status.models] == [0] * len(status.models)
    assert status.prefixes.hits > hits
    pairs = enumerate(zip(asked, alone, together, strict=True))
    differing = [(n, one, other) for n, (each, one, other) in pairs if not agrees(each, one, other)]
    left = sum(each.leaves_after is not None for each in asked)
    print(f"{TWINS - len(differing)} of {TWINS} are the same, of which {left} were left")
    assert differing == []
