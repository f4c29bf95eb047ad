"""The neutral form between protocols: one request, its blocks, and the events of an answer.

Structs rather than dataclasses, because the worker receives and sends these very values as msgpack
and msgspec tells the members of a union apart by their tag.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

type JSON = Any  # What a JSON parser returns: checked where it is read, opaque in between.
type Role = Literal["system", "user", "assistant"]
type StopReason = Literal["end_turn", "stop_sequence", "max_tokens", "context_window", "tool_use", "refusal"]


class Value(msgspec.Struct, frozen=True, tag=True, tag_field="type", omit_defaults=True):
    """Base of every tagged value here."""


# Blocks: what a message holds. `cache` asks the provider to keep what goes before, for "5m" or "1h".


class Citation(msgspec.Struct, frozen=True):
    """A web page that a text is drawn from."""

    url: str
    title: str = ""


class Text(Value, frozen=True, tag="text"):
    text: str
    cache: str | None = None
    citations: tuple[Citation, ...] = ()


class Image(Value, frozen=True, tag="image"):
    """Base64 `data` of the `media_type`, or a `url`. `path` is where the client's request has it."""

    media_type: str = ""
    data: str = ""
    url: str = ""
    path: str = ""
    cache: str | None = None


class Document(Value, frozen=True, tag="document"):
    """A PDF as base64 `data`, or a plain `text`. `path` is where the client's request has it."""

    data: str = ""
    text: str = ""
    title: str = ""
    context: str = ""
    path: str = ""
    cache: str | None = None


class Thinking(Value, frozen=True, tag="thinking"):
    """Reasoning. `signature` is empty where the other side gave none."""

    text: str
    signature: str = ""


class RedactedThinking(Value, frozen=True, tag="redacted_thinking"):
    data: str


class ToolUse(Value, frozen=True, tag="tool_use"):
    """A call the model made. `input` is always an object."""

    id: str
    name: str
    input: dict[str, JSON]
    cache: str | None = None


type ResultPart = Text | Image | Document


class ToolResult(Value, frozen=True, tag="tool_result"):
    tool_use_id: str
    content: tuple[ResultPart, ...]
    is_error: bool = False
    cache: str | None = None


type Block = Text | Image | Document | Thinking | RedactedThinking | ToolUse | ToolResult


class Message(msgspec.Struct, frozen=True):
    role: Role
    content: tuple[Block, ...]


# The request.


class Tool(msgspec.Struct, frozen=True):
    """`input_schema` is a JSON schema whose root is an object."""

    name: str
    input_schema: dict[str, JSON]
    description: str | None = None
    strict: bool | None = None
    cache: str | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """`name` is set with mode `tool` only."""

    mode: Literal["auto", "any", "none", "tool"] = "auto"
    name: str | None = None
    parallel: bool = True


class Sampling(msgspec.Struct, frozen=True):
    """None: the client did not say."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    logit_bias: dict[str, float] | None = None


class Reasoning(msgspec.Struct, frozen=True):
    """What the client asked of thinking. `budget` is in tokens."""

    enabled: bool | None = None
    effort: str | None = None
    budget: int | None = None


class OutputFormat(msgspec.Struct, frozen=True):
    """The answer shall be JSON of this schema; `schema` None: any JSON object. `path` is as with an image."""

    schema: dict[str, JSON] | None = None
    name: str = "response"
    strict: bool | None = None
    path: str = ""


class Request(msgspec.Struct, frozen=True):
    """One request, whoever sent it.

    `system` holds the leading system texts; a later one stands in `messages` with role `system`.
    `shows_reasoning` is false when the client's protocol hides reasoning it did not ask for.
    `custom_tools` names those of `tools` whose one argument `input` the client wants as plain text;
    `legacy_functions`: it knows calls by their older name. `session` is the same for all requests of a conversation.
    `service_tier` is in OpenAI's words. So many `answers` are to be written. `logprobs` is how many candidates to show
    for each token's place, with their likelihood and that of the token itself; None: nothing of that.
    """

    model: str
    messages: tuple[Message, ...]
    system: tuple[Text, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    stream: bool = False
    include_usage: bool = False
    reasoning: Reasoning | None = None
    shows_reasoning: bool = True
    user: str | None = None
    session: str | None = None
    output: OutputFormat | None = None
    service_tier: str | None = None
    custom_tools: tuple[str, ...] = ()
    legacy_functions: bool = False
    answers: int = 1
    logprobs: int | None = None


# The answer.


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """`input_tokens` is the whole prompt: cached and cache-written tokens are part of it.

    `reasoning_tokens` is part of `output_tokens`; None where the backend does not say. `service_tier` is in OpenAI's
    words: `default` or `priority`.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int | None = None
    service_tier: str | None = None


# A long prompt has many of these two; nothing in them can point back at them, so no collector need look.
class Candidate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A token that could have been written, as the bytes that it stands for. `logprob` is of the model itself."""

    data: bytes
    logprob: float


class Token(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A token of a text, and the likeliest `candidates` for its place, the best first.

    `data` are those of its bytes that the text shows. `logprob` is None where nothing stands before the token.
    """

    data: bytes
    logprob: float | None
    candidates: tuple[Candidate, ...] = ()


class Completion(msgspec.Struct, frozen=True):
    """A whole answer. `id` is the backend's own, or empty. `explanation` says why the model refused.

    `tokens` are those of its text, where their likelihood was asked for.
    """

    id: str
    content: tuple[Block, ...]
    stop_reason: StopReason
    stop_sequence: str | None = None
    usage: Usage = Usage()
    explanation: str | None = None
    tokens: tuple[Token, ...] = ()


# Events come in blocks, one after the other: a delta of another kind, or a `ToolStarted`, ends the block before.


class Started(Value, frozen=True, tag="started"):
    id: str = ""
    usage: Usage = Usage()


class TextDelta(Value, frozen=True, tag="text_delta"):
    """`tokens`: those which the text has come to the end of with this piece, where their likelihood was asked for."""

    text: str
    tokens: tuple[Token, ...] = ()


class Cited(Value, frozen=True, tag="cited"):
    """What was just said draws on this page: the answer's text between two places, counted in code points."""

    citation: Citation
    start: int
    end: int


class ThinkingDelta(Value, frozen=True, tag="thinking_delta"):
    text: str


class ThinkingSigned(Value, frozen=True, tag="thinking_signed"):
    """Ends a thinking block with the provider's signature."""

    signature: str


class ThinkingRedacted(Value, frozen=True, tag="thinking_redacted"):
    """A whole redacted block."""

    data: str


class ToolStarted(Value, frozen=True, tag="tool_started"):
    id: str
    name: str


class ToolDelta(Value, frozen=True, tag="tool_delta"):
    """A piece of the JSON text of the call that started last."""

    json: str


class Ping(Value, frozen=True, tag="ping"):
    """The backend is alive and has nothing to say."""


class Finished(Value, frozen=True, tag="finished"):
    stop_reason: StopReason
    stop_sequence: str | None = None
    usage: Usage = Usage()
    explanation: str | None = None


type Event = (
    Started
    | TextDelta
    | Cited
    | ThinkingDelta
    | ThinkingSigned
    | ThinkingRedacted
    | ToolStarted
    | ToolDelta
    | Ping
    | Finished
)
type Events = Sequence[Event]
