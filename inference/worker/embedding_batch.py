"""The texts one model makes vectors of at a time: in pieces, so that answers being written get their tokens between."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from inference.errors import GatewayError
from inference.protocols import wire
from inference.worker.memory import Cost, Need, too_long
from inference.worker.priority import has_place
from inference.worker.work import Caller, Inputs, Update, Work, failed, unanswered

# A piece has as many tokens as the model was found to do in about this many seconds, within these bounds.
PIECE_SECONDS = 0.05
LEAST_PIECE = 64
LARGEST_PIECE = 2048
SHORTEST = 1e-6  # of what a clock can tell, in seconds


class Embedder(Protocol):
    """What a batch needs of an embedding model."""

    slots: int
    is_encoder: bool
    cost: Cost

    def embed(
        self, rows: Sequence[Sequence[int]], sizes: Sequence[int], *, piece: int
    ) -> Iterator[list[bytes] | None]: ...

    def close(self) -> None: ...


@dataclass(slots=True, eq=False)
class Request:
    """`left` are the numbers of the rows that are still to do, the longest last."""

    work: Work
    inputs: Inputs
    left: list[int]
    vectors: dict[int, bytes] = field(default_factory=dict)

    def done(self) -> Update:
        caller = self.work.caller
        vectors = tuple(self.vectors[number] for number in range(len(self.inputs.rows)))
        return Update(caller, wire.Result(caller.id, sum(map(len, self.inputs.rows)), vectors))


@dataclass(slots=True)
class Piece:
    """`places` are the rows that are computed together. `seconds` is how long that has taken so far."""

    places: list[tuple[Request, int]]
    tokens: int
    vectors: Iterator[list[bytes] | None]
    seconds: float = 0.0


class EmbeddingBatch:
    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._requests: deque[Request] = deque()
        self._piece: Piece | None = None
        self._tokens = LEAST_PIECE
        self.read = self.written = 0

    def __len__(self) -> int:
        return len(self._requests)

    def has_place(self, work: Work) -> bool:
        return has_place(work, [request.work for request in self._requests], self._embedder.slots)

    @property
    def reading(self) -> int:
        """None: a text is read in pieces that take no longer than a token."""
        return 0

    @property
    def weights(self) -> int:
        return self._embedder.cost.weights

    def prepare(self, work: Work, room: int) -> None:
        """Raises GatewayError for a text that can never have room. `room` is what there can ever be, in bytes."""
        longest = longest_row(work)
        needs = self._need(longest).whole
        if needs > room:
            raise too_long(work.model, longest, needs, room=room, param="input")

    def need(self, work: Work | None = None) -> Need:
        """What the longest text takes: a piece has about as many tokens, however many texts there are."""
        works = [request.work for request in self._requests] + ([work] if work is not None else [])
        return self._need(max(map(longest_row, works), default=0))

    def _need(self, longest: int) -> Need:
        if not longest:
            return Need()
        # A piece is never less than the whole text where that is seen whole.
        read = max(LARGEST_PIECE, longest) if self._embedder.is_encoder else LARGEST_PIECE
        cost = self._embedder.cost
        return Need(cost.row(longest), cost.working.bytes(read=read, seen=longest))

    def admit(self, work: Work) -> None:
        inputs = work.job
        assert isinstance(inputs, Inputs)
        numbers = sorted(range(len(inputs.rows)), key=lambda number: len(inputs.rows[number]))
        self._requests.append(Request(work, inputs, numbers))

    def step(self) -> list[Update]:
        """Go on with a piece, or begin the next."""
        piece = self._piece = self._piece or self._begin()
        began = time.monotonic()
        vectors = next(piece.vectors)
        piece.seconds += time.monotonic() - began
        if vectors is None:
            return []
        self._piece = None
        self._tokens = piece_size(piece.tokens, piece.seconds)
        for (request, number), vector in zip(piece.places, vectors, strict=True):
            request.vectors[number] = vector
            self.read += len(request.inputs.rows[number])
        whole = [request for request in self._requests if len(request.vectors) == len(request.inputs.rows)]
        for request in whole:
            self._requests.remove(request)
        return [request.done() for request in whole]

    def cancel(self, unwanted: Callable[[Caller], bool]) -> list[Update]:
        cancelled = [request for request in self._requests if unwanted(request.work.caller)]
        for request in cancelled:
            self._requests.remove(request)
        if self._piece is not None and not any(request in self._requests for request, _ in self._piece.places):
            self._piece = None
        return [unanswered(request.work.caller) for request in cancelled]

    def fail(self, error: GatewayError) -> list[Update]:
        """The model is gone, and with it what was being made."""
        requests, self._requests, self._piece = self._requests, deque(), None
        return [failed(request.work.caller, error) for request in requests]

    def probe(self) -> None:
        """Make one vector, unless there are requests that show the model at work."""
        if not self._requests:
            list(self._embedder.embed([[0]], [1], piece=LEAST_PIECE))

    def close(self) -> None:
        self._piece = None
        self._embedder.close()

    def _begin(self) -> Piece:
        """Rows of the requests in turn, as many as have room when padded to the longest; one at least."""
        places: list[tuple[Request, int]] = []
        longest = 0
        turns = deque(self._requests)
        while turns:
            request = turns.popleft()
            number = request.left[-1]
            longest = max(longest, len(request.inputs.rows[number]))
            if places and longest * (len(places) + 1) > self._tokens:
                break
            places.append((request, request.left.pop()))
            if request.left:
                turns.append(request)
        self._requests.rotate(-1)
        rows = [request.inputs.rows[number] for request, number in places]
        sizes = [request.inputs.size for request, _ in places]
        padded = max(map(len, rows)) * len(rows)
        return Piece(places, padded, self._embedder.embed(rows, sizes, piece=self._tokens))


def longest_row(work: Work) -> int:
    assert isinstance(work.job, Inputs)
    return max(map(len, work.job.rows))


def piece_size(tokens: int, seconds: float) -> int:
    """How many tokens the next piece may have, after so many took so long."""
    fitting = tokens * PIECE_SECONDS / max(seconds, SHORTEST)
    return int(min(max(fitting, LEAST_PIECE), LARGEST_PIECE))
