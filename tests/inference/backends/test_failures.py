"""Both HTTP backends against servers that refuse, break, stall or talk nonsense."""

import asyncio
import socket

import pytest

from inference.backends.base import Backend, Call, Reply
from inference.backends.http import LARGEST_ERROR
from inference.errors import BackendError, Kind
from tests.answers import HANG, WEB_PAGE, Answer, events, plain, refusal
from tests.inference.backends.conversation import KEY, Vendor, call, target
from tests.upstreams import Upstream


async def failure(backend: Backend, vendor: Vendor, url: str, request: Call | None = None) -> BackendError:
    with pytest.raises(BackendError) as raised:
        await backend.open(request or call(vendor), target(vendor, url + vendor.suffix))
    return raised.value


async def broken(reply: Reply) -> tuple[bytes, BackendError]:
    """What came of the reply before it failed, and the failure."""
    got = b""
    try:
        async for chunk in reply.chunks():
            got += chunk
    except BackendError as error:
        return got, error
    finally:
        await reply.aclose()
    pytest.fail("the reply did not break")


# Refusals.


async def test_a_refusal_is_what_the_protocol_makes_of_it(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(refusal(500, {"error": "why"}))
    error = await failure(backend, vendor, upstream.url)
    assert (error.kind, error.message) == (Kind.UPSTREAM_ERROR, '500: {"error": "why"}')


async def test_a_refusal_keeps_the_answer_as_it_came(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(plain(b'{"error" :  {}}', status=422, headers=(("set-cookie", "a=b"),)))
    error = await failure(backend, vendor, upstream.url)
    assert error.answer is not None
    assert (error.answer.status, error.answer.body) == (422, b'{"error" :  {}}')
    assert error.answer.headers == (("content-type", "application/json"),)


async def test_a_refusal_says_when_to_come_back(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(refusal(429, headers=(("retry-after", "1.5"),)))
    error = await failure(backend, vendor, upstream.url)
    assert (error.kind, error.retry_after) == (Kind.UPSTREAM_RATE_LIMITED, 1.5)


async def test_a_refusal_that_repeats_our_key_is_scrubbed(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(refusal(401, {"error": {"message": f"Incorrect API key provided: {KEY}."}}))
    error = await failure(backend, vendor, upstream.url)
    assert error.answer is not None
    assert KEY not in error.message
    assert KEY.encode() not in error.answer.body


async def test_a_refusal_without_end_is_cut(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(Answer(status=500, chunks=(b"x" * 65536,), chunked=True, endless=True))
    error = await failure(backend, vendor, upstream.url)
    assert error.answer is not None
    assert len(error.answer.body) == LARGEST_ERROR


async def test_a_refusal_whose_body_breaks_keeps_its_status(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.script(Answer(status=503, chunks=(b"part",), chunked=True, ending="reset"))
    error = await failure(backend, vendor, upstream.url)
    assert error.answer is not None
    assert (error.answer.status, error.answer.body) == (503, b"part")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int, vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    with Upstream() as elsewhere:
        upstream.script(refusal(status, headers=(("location", f"{elsewhere.url}/v1/messages"),)))
        error = await failure(backend, vendor, upstream.url)
        assert error.kind is Kind.UPSTREAM_INVALID_RESPONSE
        assert (len(upstream.requests), elsewhere.opened) == (1, 0)


# Answers that are none.

NONSENSE = {
    "web page": WEB_PAGE,
    "empty plain answer": plain(b""),
    "empty stream": events(),
    "status without content": Answer(status=204),
    "text": Answer(headers=(("content-type", "text/plain"),), chunks=(b"all good",)),
    "cut JSON": plain(b'{"id": "x"'),
    "list": plain(b"[]"),
    "error as a success": plain({"error": {"message": "no", "code": 429}}),
    "deep JSON": plain(b'{"a":' * 100_000),
    "no HTTP": Answer(raw=b"SSH-2.0-OpenSSH_9.9\r\n\r\n", ending="close"),
    "bad chunk size": Answer(
        raw=b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ending="close",
    ),
    "endless header": Answer(raw=b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000, ending="hang"),
    "broken gzip": plain(b"not gzip", headers=(("content-encoding", "gzip"),)),
    "cut gzip": plain(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", headers=(("content-encoding", "gzip"),)),
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE)
async def test_nonsense_is_an_invalid_response(
    answer: Answer, vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.script(answer)
    error = await failure(backend, vendor, upstream.url, call(vendor, stream=True))
    assert error.kind is Kind.UPSTREAM_INVALID_RESPONSE


async def test_a_plain_answer_without_end_is_refused(
    vendor: Vendor, backend: Backend, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.backends.reply.LARGEST_ANSWER", 1024**2)
    upstream.script(Answer(chunks=(b" " * 65536,), chunked=True, endless=True))
    error = await failure(backend, vendor, upstream.url)
    assert (error.kind, error.message) == (
        Kind.UPSTREAM_INVALID_RESPONSE,
        "The upstream's answer is too long.",
    )


async def test_a_stream_without_end_instead_of_a_plain_answer_is_refused(
    vendor: Vendor, backend: Backend, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.backends.reply.LARGEST_ANSWER", 1024**2)
    upstream.script(events(b": ping\n\n" * 8192, endless=True))
    with pytest.raises(BackendError) as raised:
        await backend.open(call(vendor, stream=False), target(vendor, upstream.url + vendor.suffix))
    assert raised.value.kind is Kind.UPSTREAM_INVALID_RESPONSE
    assert raised.value.message == "The upstream's answer is too long."


# Connections that fail.


async def test_a_closed_port_is_unreachable(vendor: Vendor, backend: Backend) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = await failure(backend, vendor, f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert (error.kind, error.message) == (
        Kind.UPSTREAM_UNREACHABLE,
        "The upstream cannot be reached: Connection refused.",
    )


async def test_a_server_without_tls_is_unreachable_over_https(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    error = await failure(backend, vendor, f"https://{upstream.address}")
    assert error.kind is Kind.UPSTREAM_UNREACHABLE


@pytest.mark.parametrize("ending", ["close", "reset"])
async def test_a_connection_lost_before_the_answer_is_unreachable(
    ending: str, vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.script(Answer(raw=b"", ending="close" if ending == "close" else "reset"))
    error = await failure(backend, vendor, upstream.url)
    assert error.kind is Kind.UPSTREAM_UNREACHABLE


@pytest.mark.parametrize("ending", ["close", "reset"])
async def test_a_cut_stream_gives_what_came_and_then_the_error(
    ending: str, vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.script(events(b"data: 1\n\n", b"data: 2\n\n", ending="close" if ending == "close" else "reset"))
    reply = await backend.open(call(vendor, stream=True), target(vendor, upstream.url + vendor.suffix))
    got, error = await broken(reply)
    assert got == b"data: 1\n\ndata: 2\n\n"
    assert error.kind is Kind.UPSTREAM_STREAM_TRUNCATED


async def test_a_cut_plain_answer_is_truncated(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(
        Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{", ending="close")
    )
    error = await failure(backend, vendor, upstream.url)
    assert error.kind is Kind.UPSTREAM_STREAM_TRUNCATED


# Time limits.


async def test_no_answer_in_time_is_a_timeout(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(HANG)
    error = await failure(backend, vendor, upstream.url, call(vendor, first_byte=0.1))
    assert error.kind is Kind.UPSTREAM_TIMEOUT
    await upstream.until(lambda: upstream.closed_by_client == 1, 0.3)


async def test_a_stream_must_begin_in_time_not_only_its_headers(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.script(events(ending="hang"))
    error = await failure(backend, vendor, upstream.url, call(vendor, stream=True, first_byte=0.1))
    assert error.kind is Kind.UPSTREAM_TIMEOUT
    await upstream.until(lambda: upstream.closed_by_client == 1, 0.3)


async def test_silence_in_a_stream_is_a_timeout(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(events(b"data: 1\n\n", ending="hang"))
    reply = await backend.open(call(vendor, stream=True, idle=0.1), target(vendor, upstream.url + vendor.suffix))
    got, error = await broken(reply)
    assert (got, error.kind) == (b"data: 1\n\n", Kind.UPSTREAM_TIMEOUT)


async def test_silence_in_a_plain_answer_is_a_timeout(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(Answer(chunks=(b'{"id":',), chunked=True, ending="hang"))
    error = await failure(backend, vendor, upstream.url, call(vendor, idle=0.1))
    assert error.kind is Kind.UPSTREAM_TIMEOUT


async def test_a_stream_that_goes_on_may_last_longer_than_either_limit(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.script(events(*[b"data: 1\n\n"] * 10, pause=0.04))
    request = call(vendor, stream=True, first_byte=0.2, idle=0.2)
    reply = await backend.open(request, target(vendor, upstream.url + vendor.suffix))
    assert b"".join([chunk async for chunk in reply.chunks()]) == b"data: 1\n\n" * 10
    await reply.aclose()


async def test_a_late_answer_may_take_longer_than_the_idle_limit(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.script(Answer(chunks=(b'{"id":"x"}',), delay=0.3))
    reply = await backend.open(call(vendor, first_byte=5, idle=0.1), target(vendor, upstream.url + vendor.suffix))
    await reply.aclose()


async def test_a_failure_does_not_show_the_key(vendor: Vendor, backend: Backend, upstream: Upstream) -> None:
    upstream.script(Answer(raw=b"nonsense\r\n\r\n", ending="close"))
    error: BaseException | None = await failure(backend, vendor, upstream.url)
    while error is not None:
        assert KEY not in f"{error!r} {error}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


async def test_a_client_that_reads_slowly_is_no_silence_of_the_upstream(
    vendor: Vendor, backend: Backend, upstream: Upstream
) -> None:
    upstream.script(events(b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n", pause=0.01))
    reply = await backend.open(call(vendor, stream=True, idle=0.1), target(vendor, upstream.url + vendor.suffix))
    got = b""
    async for chunk in reply.chunks():
        got += chunk
        await asyncio.sleep(0.25)
    await reply.aclose()
    assert got == b"data: 1\n\ndata: 2\n\ndata: 3\n\n"
