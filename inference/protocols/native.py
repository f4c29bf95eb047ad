"""The worker's protocol as a codec: the neutral request as it is, and the neutral events as a stream of chunks.

A chunk lies on the wire as a frame does: its length, then a msgpack list of events.
"""

from collections.abc import Iterable, Sequence

import msgspec

from inference import ir
from inference.errors import BackendError, Kind
from inference.protocols import wire
from inference.protocols.codec import Aim, Rendered
from inference.protocols.folding import fold
from inference.protocols.local_requests import BATCH_TIER, reduced

LARGEST_CHUNK = 2**32


class Job(msgspec.Struct, frozen=True):
    """A request as the worker gets it. `thinking` None: as the model's chat template has it. Its budget is in tokens.

    A `prompt`, text or the model's own tokens, is completed as it stands: the request then has no messages. With
    `echo` the answer begins with it.
    """

    request: ir.Request
    thinking: bool | None = None
    thinking_budget: int | None = None
    prompt: str | tuple[int, ...] | None = None
    echo: bool = False

    @property
    def model(self) -> str:
        return self.request.model

    @property
    def is_batch(self) -> bool:
        """Whether the client said that nobody waits for the answer."""
        return self.request.service_tier == BATCH_TIER


class EmbeddingJob(msgspec.Struct, frozen=True):
    """Texts to make vectors of, each as text or as the model's own tokens. `dimensions` None: as many as there are."""

    model: str
    inputs: tuple[str | tuple[int, ...], ...]
    dimensions: int | None = None


class Embeddings(msgspec.Struct, frozen=True):
    """A vector for each text, as little-endian four-byte floats. `input_tokens` counts those of all texts."""

    vectors: tuple[bytes, ...]
    input_tokens: int


JOB = msgspec.msgpack.Decoder(Job)
EMBEDDING_JOB = msgspec.msgpack.Decoder(EmbeddingJob)
EMBEDDINGS = msgspec.msgpack.Decoder(Embeddings)
CHOICE: msgspec.msgpack.Decoder[tuple[int, list[ir.Event]]] = msgspec.msgpack.Decoder(tuple[int, list[ir.Event]])
EVENT_LIST: msgspec.msgpack.Decoder[list[ir.Event]] = msgspec.msgpack.Decoder(list[ir.Event])


def render_request(request: ir.Request, aim: Aim) -> Rendered:
    """Raises Untranslatable."""
    return Rendered(wire.encode(job(request, aim)))


def job(request: ir.Request, aim: Aim) -> Job:
    """Raises Untranslatable."""
    return Job(reduced(request, aim.model), thinking(request), budget(request))


def thinking(request: ir.Request) -> bool | None:
    """Whether to think: as the client says; else never where its protocol would hide what was thought."""
    asked = request.reasoning
    if asked is not None and asked.enabled is not None:
        return asked.enabled
    if not request.shows_reasoning:
        return False
    return None if asked is None or asked.effort is None else asked.effort != "none"


def budget(request: ir.Request) -> int | None:
    return request.reasoning.budget if request.reasoning else None


def render_events(events: Iterable[ir.Event]) -> bytes:
    """One chunk of the stream."""
    return wire.prefixed(wire.encode(tuple(events)))


def render_choice(index: int, events: Sequence[ir.Event] | msgspec.Raw) -> bytes:
    """One chunk of a stream of several answers: which of them, and its events."""
    return wire.prefixed(wire.encode((index, events)))


def render_embeddings(result: wire.Result) -> bytes:
    return wire.encode(Embeddings(result.vectors, input_tokens=result.value or 0))


class NativeParser:
    def __init__(self) -> None:
        self._reader = wire.FrameReader(EVENT_LIST, LARGEST_CHUNK)
        self.is_ending = False

    def feed(self, chunk: bytes) -> list[ir.Event]:
        events = [event for item in read(self._reader, chunk) for event in item]
        self.is_ending = self.is_ending or is_end(events)
        return events

    def close(self) -> list[ir.Event]:
        if not self.is_ending or not self._reader.is_empty:
            raise too_early()
        return []


class ChoiceParser:
    """Reads a stream of so many answers."""

    def __init__(self, count: int) -> None:
        self._reader = wire.FrameReader(CHOICE, LARGEST_CHUNK)
        self._unfinished = set(range(count))

    def feed(self, chunk: bytes) -> list[tuple[int, list[ir.Event]]]:
        """Each with the number of the answer it belongs to. Raises BackendError."""
        choices = read(self._reader, chunk)
        self._unfinished -= {index for index, events in choices if is_end(events)}
        return choices

    def close(self) -> None:
        """Raises BackendError where an answer has not come to its end."""
        if self._unfinished or not self._reader.is_empty:
            raise too_early()


def read[T](reader: wire.FrameReader[T], chunk: bytes) -> list[T]:
    try:
        return [item for item in reader.feed(chunk) if not isinstance(item, wire.TooLarge)]
    except msgspec.MsgspecError as error:
        raise BackendError(Kind.UPSTREAM_INVALID_RESPONSE, "The worker's answer cannot be read.") from error


def is_end(events: list[ir.Event]) -> bool:
    return ir.Finished in map(type, events)


def too_early() -> BackendError:
    return BackendError(Kind.UPSTREAM_STREAM_TRUNCATED, "The worker's answer ended too early.")


def stream_parser() -> NativeParser:
    return NativeParser()


def parse_completion(body: bytes) -> ir.Completion:
    """The worker always streams: a whole answer is its stream, read to the end."""
    parser = stream_parser()
    return fold([*parser.feed(body), *parser.close()])
