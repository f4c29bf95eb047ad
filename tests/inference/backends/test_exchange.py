"""Both HTTP backends against real servers: what goes out, and what comes back."""

import json

import pytest

from inference.backends.base import Backend, Reply
from inference.errors import BackendError, Kind
from tests.answers import WEB_PAGE, events, plain, refusal
from tests.inference.backends.conversation import ANTHROPIC, KEY, OPENAI, Vendor, call, target
from tests.upstreams import Upstream

ODD_BODY = (
    b'{ "model" : "x",\t"messages":[ {"role":"user","content":"h\\u00e9llo \xc3\xa9"}], "unknown":1.50, "stream":false}'
)


async def read(reply: Reply) -> bytes:
    try:
        return b"".join([chunk async for chunk in reply.chunks()])
    finally:
        await reply.aclose()


async def test_a_plain_answer_arrives_as_it_was_sent(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    body = b'{"id": "x1" , "odd":  "\\u00e9", "n": 1.50}'
    upstream.script(plain(body))
    reply = await backend.open(call(vendor), target(vendor, upstream.url + vendor.suffix))
    assert not reply.is_stream
    assert await read(reply) == body


async def test_the_body_goes_out_byte_for_byte(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    await read(await backend.open(call(vendor, body=ODD_BODY), target(vendor, upstream.url + vendor.suffix)))
    assert upstream.requests[0].body == ODD_BODY


async def test_a_stream_arrives_as_it_was_sent(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    chunks = [b": hello\r\n\r\n", b"data: {\xc3", b"\xa9}\n\nid: 7\n", b"\ndata: [DONE]\n\n"]
    upstream.script(events(*chunks, pause=0.01))
    reply = await backend.open(call(vendor, stream=True), target(vendor, upstream.url + vendor.suffix))
    assert reply.is_stream
    assert await read(reply) == b"".join(chunks)
