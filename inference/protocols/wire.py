"""The frames between the gateway and the worker: four bytes of length, most significant first, then msgpack."""

from dataclasses import dataclass

import msgspec

from inference import ir
from inference.errors import Kind

VERSION = 5
LENGTH_BYTES = 4
PREFIX_BYTES = 64


class Frame(msgspec.Struct, frozen=True, array_like=True, tag=str.lower):
    """Base of all frames. A frame's id stands first, so that it can be read from the beginning of one too large."""


class Hello(Frame, frozen=True):
    """The first frame both ways. Another version is refused by either side."""

    version: int
    capabilities: tuple[str, ...] = ()


# To the worker. Exactly one of Done, Result and Error ends a request's id; Cancel makes the worker end it now.


class Load(Frame, frozen=True):
    id: int
    model: str


class Unload(Frame, frozen=True):
    id: int
    model: str


class LoadOptions(msgspec.Struct, frozen=True, array_like=True):
    """How a model is loaded: it is loaded anew where one of these changes.

    `kv_bits`: how many bits a number in its cache has; None: as many as the model computes with. `draft_model` is the
    name of one that guesses `num_draft_tokens` tokens ahead. None: nothing is guessed; as many as the worker has it.
    """

    kv_bits: int | None = None
    draft_model: str | None = None
    num_draft_tokens: int | None = None


AS_IT_IS = LoadOptions()


class ModelOptions(msgspec.Struct, frozen=True, array_like=True):
    """What the operator wants of a model.

    `pinned`: it never makes room for another. `preload`: it is loaded before it is asked for. `idle_ttl` is in seconds
    and `max_context` in tokens; None: as the worker has it.
    """

    name: str
    pinned: bool = False
    preload: bool = False
    idle_ttl: int | None = None
    max_context: int | None = None
    load: LoadOptions = AS_IT_IS


class Configure(Frame, frozen=True):
    """The options of all models that have some. Has no answer, and no effect unless its generation is a new one."""

    generation: int
    models: tuple[ModelOptions, ...]


class ForModel(Frame, frozen=True):
    """`deadline` is in seconds from now: a request that still waits then is dropped.

    `is_batch`: nobody waits for the answer, and others may go first.
    """

    id: int
    deadline: float
    tenant: str
    job: msgspec.Raw
    is_batch: bool = False


class Submit(ForModel, frozen=True):
    """`job` is a Job."""


class Embed(ForModel, frozen=True):
    """`job` is an EmbeddingJob."""


class Cancel(Frame, frozen=True):
    id: int


class Count(Frame, frozen=True):
    id: int
    job: msgspec.Raw


class Ping(Frame, frozen=True):
    """A status comes back at once; the result from the thread that runs the models, which makes a token when idle."""

    id: int


type Asking = Load | Unload | Submit | Count | Embed | Ping
type ToWorker = Hello | Cancel | Configure | Asking

# From the worker.


class Accepted(Frame, frozen=True):
    id: int


class Progress(Frame, frozen=True):
    """Tokens of the prompt that are read, of how many.

    Also told, now and then, while what is written cannot be shown yet, such as a call.
    """

    id: int
    read: int
    total: int


class Events(Frame, frozen=True):
    """What a step made, for all requests of the connection: their ids, each with its list of events.

    Of steps that came soon after each other it is in one frame, in their order.
    """

    answers: tuple[tuple[int, msgspec.Raw], ...]


class Timings(msgspec.Struct, frozen=True, array_like=True):
    """Seconds spent waiting, reading the prompt, and writing the answer."""

    waiting: float = 0.0
    reading: float = 0.0
    writing: float = 0.0


class Done(Frame, frozen=True):
    id: int
    usage: ir.Usage
    timings: Timings


class Result(Frame, frozen=True):
    """The end of Load, Unload and Ping; of Count, whose number of tokens is the value; and of Embed.

    There the value is the number of tokens in all texts, and `vectors` are theirs, as little-endian four-byte floats.
    """

    id: int
    value: int | None = None
    vectors: tuple[bytes, ...] = ()


class Error(Frame, frozen=True):
    """`id` 0 concerns the connection."""

    id: int
    kind: Kind
    message: str
    param: str | None = None
    retry_after: float | None = None


class LoadedModel(msgspec.Struct, frozen=True):
    """`size` is in bytes of weights in memory."""

    name: str
    size: int
    active: int


class Prefixes(msgspec.Struct, frozen=True):
    """Prompts whose beginning had been read before, or had not; what is kept for them, in bytes."""

    hits: int = 0
    misses: int = 0
    memory: int = 0
    disk: int = 0


class Status(Frame, frozen=True):
    """Sent once a second, and for a ping. `memory` is what MLX holds and `budget` what it may, in bytes.

    While `active` is above 0 and nothing is `loading`, `steps` grows, or the worker hangs. `reading` of the active ones
    have their prompt read, which makes for long steps. `read` and `written` count the tokens of prompts and of answers
    since the worker's start; `speed` is how many were written in each of the last seconds.
    """

    steps: int
    step_seconds: float
    active: int
    waiting: int
    loading: str | None
    memory: int
    models: tuple[LoadedModel, ...]
    budget: int
    prefixes: Prefixes = Prefixes()
    reading: int = 0
    read: int = 0
    written: int = 0
    speed: float = 0.0
    pid: int = 0


type FromWorker = Hello | Accepted | Progress | Events | Done | Result | Error | Status

encode = msgspec.msgpack.Encoder().encode
TO_WORKER: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
FROM_WORKER: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)


def largest_frame(max_body: int) -> int:
    """The cap on a frame's length, such that a request whose body was within `max_body` always fits."""
    return 2 * max_body + 2**20


def prefixed(payload: bytes | msgspec.Raw) -> bytes:
    data = bytes(payload)
    return len(data).to_bytes(LENGTH_BYTES) + data


def pack(frame: Frame) -> bytes:
    return prefixed(encode(frame))


@dataclass(frozen=True, slots=True)
class TooLarge:
    """Stands for a frame over the cap, whose content was skipped. `id` None: it had none that could be read."""

    id: int | None


class FrameReader[T]:
    """Bytes cut anywhere to frames. `feed` raises msgspec.MsgspecError for what is no frame."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[T], cap: int) -> None:
        self._decoder = decoder
        self._cap = cap
        self._buffer = bytearray()
        self._skip = 0

    @property
    def is_empty(self) -> bool:
        """Whether everything fed so far was whole frames."""
        return not self._buffer and not self._skip

    def feed(self, data: bytes) -> list[T | TooLarge]:
        if self.is_empty and LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES]) == len(data) <= self._cap:
            # One frame, whole: nearly always so.
            return [self._decoder.decode(data[LENGTH_BYTES:])]
        self._buffer += data
        frames: list[T | TooLarge] = []
        start = 0
        while True:
            skipped = min(self._skip, len(self._buffer) - start)
            self._skip -= skipped
            start += skipped
            end = start + LENGTH_BYTES + int.from_bytes(self._buffer[start : start + LENGTH_BYTES])
            begin = start + LENGTH_BYTES
            too_large = end - begin > self._cap
            if len(self._buffer) < (begin + PREFIX_BYTES if too_large else max(begin, end)):
                break
            if too_large:
                frames.append(TooLarge(leading_id(bytes(self._buffer[begin : begin + PREFIX_BYTES]))))
                self._skip = end - start
            else:
                frames.append(self._decoder.decode(bytes(self._buffer[begin:end])))
                start = end
        del self._buffer[:start]
        return frames


def leading_id(prefix: bytes) -> int | None:
    """The id of the frame that begins so: its array holds first the tag, a short string, then the id."""
    start = 2 + (prefix[1] & 0x1F)
    size = {0xCC: 2, 0xCD: 3, 0xCE: 5, 0xCF: 9}.get(prefix[start], 1)
    try:
        return msgspec.msgpack.decode(prefix[start : start + size], type=int)
    except msgspec.MsgspecError:
        return None
