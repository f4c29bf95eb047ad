"""Builders for the tests of the HTTP backends: a transport that may reach loopback, backends, targets and calls."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from credentials.secret import Secret
from inference.backends.addresses import PrivateUpstreams
from inference.backends.anthropic import Anthropic
from inference.backends.base import Backend, Call
from inference.backends.openai import OpenAI
from inference.backends.transport import AiohttpTransport
from inference.errors import BackendError, Kind
from routing.route import Target, Upstream

KEY = "sk-provider-key-of-the-tests"
LOOPBACK = PrivateUpstreams.parse(["127.0.0.0/8"])


@dataclass(frozen=True)
class Vendor:
    """One of the backends under test. `suffix` is what its base URLs usually end in."""

    name: str
    make: Callable[[AiohttpTransport, Callable[[int, bytes], BackendError]], Backend]
    endpoint: str
    suffix: str
    key_header: tuple[str, str]


OPENAI = Vendor("openai", OpenAI, "chat/completions", "/v1", ("authorization", f"Bearer {KEY}"))
ANTHROPIC = Vendor("anthropic", Anthropic, "messages", "", ("x-api-key", KEY))
VENDORS = (OPENAI, ANTHROPIC)


def status_as_error(status: int, body: bytes) -> BackendError:
    """As simple as a codec's `parse_error` can be, so that these tests judge the backends alone."""
    kind = Kind.UPSTREAM_RATE_LIMITED if status == 429 else Kind.UPSTREAM_ERROR
    return BackendError(kind, f"{status}: {body[:200].decode(errors='replace')}")


def target(vendor: Vendor, url: str | None, *, key: str | None = KEY, model: str = "upstream-model") -> Target:
    secret = None if key is None else Secret(key)
    return Target(vendor.name, model, Upstream(1, "default", url, secret))


def call(
    vendor: Vendor,
    *,
    body: bytes | None = None,
    stream: bool = False,
    headers: Iterable[tuple[str, str]] = (),
    first_byte: float = 5,
    idle: float = 5,
) -> Call:
    flag = b"true" if stream else b"false"
    default = (
        b'{"model":"upstream-model","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"stream":%s}' % flag
    )
    return Call(
        request_id="req_test",
        endpoint=vendor.endpoint,
        body=default if body is None else body,
        stream=stream,
        headers=tuple(headers),
        first_byte=first_byte,
        idle=idle,
    )
