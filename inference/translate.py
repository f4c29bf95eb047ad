"""Joins a client's protocol with a backend's: nothing but the model's name changes where they are one, and the
neutral form stands between them where they are two.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from inference import ir
from inference.envelope import splice_model
from inference.errors import GatewayError
from inference.protocols import anthropic_messages, native, openai_chat
from inference.protocols.codec import Aim, Answering, BackendCodec, ClientCodec, Rendered, StreamCodec, StreamParser
from inference.protocols.folding import fold
from inference.protocols.joining import JoinedStream, UndoingParser, WholeParser
from inference.protocols.passthrough import PassthroughStream, WatchedCodec, check
from inference.protocols.profiles import profile_of
from inference.protocols.warnings import Warnings
from inference.unambiguous import refuse_ambiguous
from inference.usage import Counter

CLIENT_CODECS: dict[str, ClientCodec] = {"openai_chat": openai_chat, "anthropic_messages": anthropic_messages}
BACKEND_CODECS: dict[str, StreamCodec] = {
    "openai_chat": openai_chat,
    "anthropic_messages": anthropic_messages,
    "native": native,
}
# These know whole answers beside streams.
PLAIN_CODECS: dict[str, BackendCodec] = {"openai_chat": openai_chat, "anthropic_messages": anthropic_messages}
WATCHED_CODECS: dict[str, WatchedCodec] = {"openai_chat": openai_chat, "anthropic_messages": anthropic_messages}
ENDPOINTS = {"openai_chat": openai_chat.ENDPOINT, "anthropic_messages": anthropic_messages.ENDPOINT, "native": ""}


class Asked(Protocol):
    """A client's request as it came. `created` is in Unix seconds."""

    @property
    def request_id(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def model(self) -> str: ...
    @property
    def created(self) -> int: ...


class Translating(Protocol):
    """A backend's answer, pushed in as bytes cut anywhere, to the client's stream.

    What merely begins an answer is held back until there is content: an error may then still lead to another target.
    """

    def feed(self, chunk: bytes) -> bytes:
        """Raises BackendError."""

    def release(self) -> bytes:
        """What is held, for a client that shall wait no longer."""

    def end(self) -> bytes:
        """Raises BackendError where the answer ended too early."""

    def fail(self, error: GatewayError) -> bytes:
        """The events that end a stream which has begun."""


class Exchange(Protocol):
    """One attempt: the request as the backend gets it, and the way back for its answer.

    `endpoint` is the path below `/v1` at the backend. `usage` is what the answer has told so far, None for nothing.
    """

    endpoint: str
    request: bytes
    warnings: Warnings

    @property
    def usage(self) -> ir.Usage | None: ...

    def plain(self, body: bytes, *, is_stream: bool) -> bytes:
        """The client's whole answer, from one that the backend gave whole or as a stream. Raises BackendError."""

    def stream(self, is_stream: bool) -> Translating:
        """The client's stream, from an answer that the backend streams or gives whole."""


def begin(
    asked: Asked, backend: str, model: str, *, overrides: Mapping[str, Any] | None = None, strict: bool = False
) -> Exchange:
    """An attempt at a backend that speaks this protocol and knows this model.

    `overrides` adjust what is known of the model, `strict` refuses what would have to be weakened.
    Raises GatewayError naming the field that is wrong, or that the backend's protocol cannot express.
    """
    if asked.protocol == backend:
        return Identity(asked, model)
    refuse_ambiguous(asked.body)
    warnings = Warnings(strict=strict)
    request = CLIENT_CODECS[asked.protocol].parse_request(asked.body, warnings)
    aim = Aim(model, profile_of(backend, model, overrides or {}), warnings)
    rendered = BACKEND_CODECS[backend].render_request(request, aim)
    return Translation(asked, backend, request=request, rendered=rendered, warnings=warnings)


class Translation:
    """Client and backend speak two protocols."""

    def __init__(
        self, asked: Asked, backend: str, *, request: ir.Request, rendered: Rendered, warnings: Warnings
    ) -> None:
        self.endpoint = ENDPOINTS[backend]
        self.request = rendered.body
        self.warnings = warnings
        self.usage: ir.Usage | None = None
        self._client = CLIENT_CODECS[asked.protocol]
        self._backend = backend
        self._rendered = rendered
        self._answering = Answering(
            request_id=asked.request_id,
            model=asked.model,
            created=asked.created,
            include_usage=request.include_usage,
            shows_reasoning=request.shows_reasoning,
            custom_tools=frozenset(request.custom_tools),
            legacy_functions=request.legacy_functions,
        )

    def plain(self, body: bytes, *, is_stream: bool) -> bytes:
        parser = self._parser(is_stream)
        completion = fold(parser.feed(body) + parser.close())
        self.usage = completion.usage
        return self._client.render_completion(completion, self._answering)

    def stream(self, is_stream: bool) -> JoinedStream:
        return JoinedStream(self._parser(is_stream), self._client, answering=self._answering, count=self._count)

    def _count(self, usage: ir.Usage) -> None:
        self.usage = usage

    def _parser(self, is_stream: bool) -> StreamParser:
        stream_parser = BACKEND_CODECS[self._backend].stream_parser
        parser = stream_parser() if is_stream else WholeParser(PLAIN_CODECS[self._backend].parse_completion)
        rendered = self._rendered
        return UndoingParser(parser, rendered) if rendered.names or rendered.answer_tool else parser


class Identity:
    """Client and backend speak one protocol. Only an answer in the other of its two forms is read at all."""

    def __init__(self, asked: Asked, model: str) -> None:
        self.endpoint = ENDPOINTS[asked.protocol]
        self.warnings = Warnings()
        self._asked = asked
        self._codec = WATCHED_CODECS[asked.protocol]
        body = self._codec.acceptable(asked.body)
        self.request = body if model == asked.model else splice_model(body, model)
        self._counter = Counter(self._codec)

    @property
    def usage(self) -> ir.Usage | None:
        return self._counter.usage

    def plain(self, body: bytes, *, is_stream: bool) -> bytes:
        if is_stream:
            self._counter.feed(body)
            return self._reshaping().plain(body, is_stream=True)
        check(self._codec, body)
        self._counter.read(body)
        return body

    def stream(self, is_stream: bool) -> Translating:
        if not is_stream:
            return self._reshaping().stream(is_stream=False)
        return PassthroughStream(self._codec, self._asked.request_id, self._counter.feed)

    def _reshaping(self) -> Translation:
        """For a stream where a whole answer was asked for, and the other way round."""
        asked = self._asked
        request = ir.Request(asked.model, ())
        rendered = Rendered(self.request)
        return Translation(asked, asked.protocol, request=request, rendered=rendered, warnings=self.warnings)
