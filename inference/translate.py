"""Joins a client's protocol with a backend's: nothing but the model's name changes where they are one, and the
neutral form stands between them where they are two.
"""

import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from inference import ir
from inference.envelope import splice_model
from inference.errors import BackendError, GatewayError, Kind
from inference.estimate import estimate
from inference.exchange import Asked, Exchange, Translating
from inference.protocols import anthropic_messages, native, openai_chat
from inference.protocols.anthropic_count import LocalCount
from inference.protocols.codec import (
    Aim,
    Answering,
    BackendCodec,
    ClientCodec,
    Memory,
    Rendered,
    StreamCodec,
    StreamParser,
)
from inference.protocols.folding import fold
from inference.protocols.joining import JoinedStream, UndoingParser, WholeParser, WindowedParser
from inference.protocols.openai_chat.choices import local_choices
from inference.protocols.openai_completions import local_completions
from inference.protocols.openai_embeddings import LocalEmbeddings
from inference.protocols.passthrough import PassthroughStream, WatchedCodec, check
from inference.protocols.profiles import profile_of
from inference.protocols.replaying import KeepingParser, restored
from inference.protocols.warnings import Warnings
from inference.unambiguous import unambiguous
from inference.usage import Counter

CLIENT_CODECS: dict[str, ClientCodec] = {"openai_chat": openai_chat, "anthropic_messages": anthropic_messages}
BACKEND_CODECS: dict[str, StreamCodec] = {
    "openai_chat": openai_chat,
    "anthropic_messages": anthropic_messages,
    "native": native,
}
# These know whole answers beside streams.
PLAIN_CODECS: dict[str, BackendCodec] = {"openai_chat": openai_chat, "anthropic_messages": anthropic_messages}
ENDPOINTS = {"openai_chat": openai_chat.ENDPOINT, "anthropic_messages": anthropic_messages.ENDPOINT, "native": ""}


def begin(
    asked: Asked,
    backend: str,
    model: str,
    *,
    overrides: Mapping[str, Any] | None = None,
    strict: bool = False,
    memory: Memory | None = None,
) -> Exchange:
    """An attempt at a backend that speaks this protocol and knows this model.

    `overrides` adjust what is known of the model, `strict` refuses what would have to be weakened, `memory` is of the
    client's earlier answers.
    Raises GatewayError naming the field that is wrong, or that the backend's protocol cannot express.
    """
    start = EXCHANGES.get((asked.protocol, backend))
    if start is None:
        message = "The backend that answers this model does not offer this address."
        raise GatewayError(Kind.UNSUPPORTED_ENDPOINT, message)
    return start(asked, Aim(model, profile_of(backend, model, overrides or {}), Warnings(strict=strict), memory))


def translated(backend: str, asked: Asked, aim: Aim) -> Exchange:
    """Client and backend each speak a protocol of their own."""
    decoded = unambiguous(asked.body)
    request = CLIENT_CODECS[asked.protocol].parse_request(asked.body, aim.warnings)
    if backend == "native" and request.answers > 1:
        return local_choices(request, aim, answering(asked, request))
    memory = (
        aim.memory if request.tools and (asked.protocol, backend) == ("openai_chat", "anthropic_messages") else None
    )
    if memory is not None:
        request = restored(request, memory.find)
    rendered = BACKEND_CODECS[backend].render_request(request, aim)
    # What such a stream begins with, and OpenAI's backends tell only at its end.
    guessed = request.stream and (asked.protocol, backend) == ("anthropic_messages", "openai_chat")
    return Translation(
        asked,
        backend,
        request=request,
        rendered=rendered,
        warnings=aim.warnings,
        input_tokens=estimate(decoded) if guessed else 0,
        memory=memory,
        # The others tell by themselves that their window was full.
        window=aim.profile.context_window if backend == "openai_chat" else None,
    )


def answering(asked: Asked, request: ir.Request, *, input_tokens: int = 0) -> Answering:
    return Answering(
        request_id=asked.request_id,
        model=asked.model,
        created=asked.created,
        include_usage=request.include_usage,
        shows_reasoning=request.shows_reasoning,
        custom_tools=frozenset(request.custom_tools),
        legacy_functions=request.legacy_functions,
        input_tokens=input_tokens,
        logprobs=request.logprobs is not None,
    )


class Translation:
    """Client and backend speak two protocols."""

    def __init__(
        self,
        asked: Asked,
        backend: str,
        *,
        request: ir.Request,
        rendered: Rendered,
        warnings: Warnings,
        input_tokens: int = 0,
        memory: Memory | None = None,
        window: int | None = None,
    ) -> None:
        self.endpoint = ENDPOINTS[backend]
        self.passes = False
        self.request = rendered.body
        self.warnings = warnings
        self.usage: ir.Usage | None = None
        self._client = CLIENT_CODECS[asked.protocol]
        self._backend = backend
        self._rendered = rendered
        self._memory = memory
        self._window = window
        self._answering = answering(asked, request, input_tokens=input_tokens)

    def plain(self, body: bytes, *, is_stream: bool) -> bytes:
        parser = self._parser(is_stream)
        completion = fold(parser.feed(body) + parser.close())
        self.usage = completion.usage
        return self._client.render_completion(completion, self._answering)

    def stream(self, is_stream: bool) -> JoinedStream:
        return JoinedStream(self._parser(is_stream), self._client, self._answering)

    def _parser(self, is_stream: bool) -> StreamParser:
        stream_parser = BACKEND_CODECS[self._backend].stream_parser
        parser: StreamParser = (
            stream_parser() if is_stream else WholeParser(PLAIN_CODECS[self._backend].parse_completion)
        )
        rendered = self._rendered
        if rendered.names or rendered.answer_tool:
            parser = UndoingParser(parser, rendered)
        if self._window is not None:
            parser = WindowedParser(parser, self._window)
        return KeepingParser(parser, self._memory) if self._memory is not None else parser


class Identity:
    """Client and backend speak one protocol. Only an answer in the other of its two forms is read at all."""

    def __init__(self, codec: WatchedCodec, endpoint: str, asked: Asked, aim: Aim) -> None:
        self.endpoint = endpoint
        self.passes = True
        self.warnings = aim.warnings
        self._asked = asked
        self._codec = codec
        body = codec.acceptable(asked.body)
        self.request = body if aim.model == asked.model else splice_model(body, aim.model)
        self.usage: ir.Usage | None = None

    def plain(self, body: bytes, *, is_stream: bool) -> bytes:
        if is_stream:
            reshaping = self._reshaping()
            answer = reshaping.plain(body, is_stream=True)
            self.usage = reshaping.usage
            return answer
        check(self._codec, body)
        counter = Counter(self._codec)
        counter.read(body)
        self.usage = counter.usage
        return body

    def stream(self, is_stream: bool) -> Translating:
        if not is_stream:
            return self._reshaping().stream(is_stream=False)
        return PassthroughStream(self._codec, self._asked.request_id, Counter(self._codec))

    def _reshaping(self) -> Translation:
        """For a stream where a whole answer was asked for, and the other way round."""
        asked = self._asked
        if asked.protocol not in CLIENT_CODECS:
            raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The upstream's answer is not of the form asked for.")
        request = ir.Request(asked.model, ())
        # What is wrong with the request is the upstream's to say.
        with contextlib.suppress(GatewayError):
            request = CLIENT_CODECS[asked.protocol].parse_request(asked.body, Warnings())
        request = msgspec.structs.replace(request, shows_reasoning=True)
        rendered = Rendered(self.request)
        return Translation(asked, asked.protocol, request=request, rendered=rendered, warnings=self.warnings)


# By the client's protocol and the backend's. What is not here is not offered.
EXCHANGES: dict[tuple[str, str], Callable[[Asked, Aim], Exchange]] = {
    ("openai_chat", "openai_chat"): partial(Identity, openai_chat, "chat/completions"),
    ("openai_chat", "anthropic_messages"): partial(translated, "anthropic_messages"),
    ("openai_chat", "native"): partial(translated, "native"),
    ("openai_completions", "openai_chat"): partial(Identity, openai_chat, "completions"),
    ("openai_completions", "native"): local_completions,
    ("openai_embeddings", "openai_chat"): partial(Identity, openai_chat, "embeddings"),
    ("openai_embeddings", "native"): LocalEmbeddings,
    ("anthropic_messages", "anthropic_messages"): partial(Identity, anthropic_messages, "messages"),
    ("anthropic_messages", "openai_chat"): partial(translated, "openai_chat"),
    ("anthropic_messages", "native"): partial(translated, "native"),
    ("anthropic_count", "anthropic_messages"): partial(Identity, anthropic_messages, "messages/count_tokens"),
    ("anthropic_count", "native"): LocalCount,
}
