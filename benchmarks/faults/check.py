"""The values a check is made of: what a client sends, what the upstream does, and what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from tests.answers import Answer, Received

type Protocol = Literal["openai", "anthropic"]

PATHS: Mapping[str, str] = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Ask:
    """A request by `client`'s protocol for a model that an upstream of the protocol `to` answers.

    `body` is laid over a short question; `raw` replaces all of it. In it and in `path`, `MODEL` stands for the model's
    name. `leave` is the seconds after which the client hangs up.
    """

    client: Protocol
    to: Protocol
    stream: bool = False
    body: Mapping[str, Any] = NOTHING
    raw: bytes | None = None
    method: str = "POST"
    path: str | None = None
    headers: Mapping[str, str] = NOTHING
    leave: float | None = None

    def content(self, model: str) -> bytes | Mapping[str, Any]:
        if self.raw is not None:
            return self.raw.replace(b"MODEL", model.encode())
        plain = {"model": model, "max_tokens": 200, "messages": [{"role": "user", "content": "Hi"}]}
        return {**plain, "stream": self.stream, **self.body}


@dataclass(frozen=True, slots=True)
class Reply:
    """What the client read. `broken` says how reading ended where it did not end well."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    broken: str | None = None

    def header(self, name: str) -> str | None:
        return next((value for given, value in self.headers if given.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`first` and `second`: what the two upstreams received. `freed`: how many seconds the upstream stayed open."""

    ask: Ask
    model: str
    reply: Reply
    first: tuple[Received, ...] = ()
    second: tuple[Received, ...] = ()
    freed: float | None = None


# Raises AssertionError with what is wrong.
type Must = Callable[[Outcome], None]
type Says = Answer | Callable[[Received], Answer]


@dataclass(frozen=True, slots=True)
class Check:
    """`answers` are what the first upstream sends, one a request, the last again and again; none is a vendor's answer.

    `second` is the protocol of a fallback. Where `closed`, nobody listens at the first upstream's address.
    """

    name: str
    ask: Ask
    must: tuple[Must, ...]
    answers: tuple[Says, ...] = ()
    second: Protocol | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """An upstream as a gateway's configuration has it. `base` lacks the vendor's `/v1`."""

    protocol: Protocol
    base: str

    @property
    def model(self) -> str:
        return {"openai": "gpt-4.1", "anthropic": "claude-sonnet-4-5"}[self.protocol]


@dataclass(frozen=True, slots=True)
class Served:
    """A model name that the gateway shall serve: by whom, and by whom if that fails."""

    name: str
    first: Place
    second: Place | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A running gateway. `local` is the name of the model that it runs itself, `pids` its processes."""

    url: str
    key: str
    version: str
    local: str | None = None
    pids: Callable[[], list[int]] = field(default=list)
