"""The texts that are embedded at a time, with a scripted model in the place of MLX."""

import time
from collections.abc import Iterator, Sequence

import pytest

from inference.errors import GatewayError, Kind
from inference.footprints import Working
from inference.protocols import wire
from inference.worker.embedding_batch import LARGEST_PIECE, LEAST_PIECE, EmbeddingBatch
from inference.worker.memory import Cost
from inference.worker.work import Caller, Inputs, Update, Work

type Rows = Sequence[Sequence[int]]


class Script:
    """A model whose vector of a row is its first token. It pauses once in a row of nines."""

    slots = 2
    is_encoder = True
    cost = Cost(0, (), Working())

    def __init__(self, *, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.pieces: list[Rows] = []
        self.bounds: list[int] = []
        self.closed = False

    def embed(self, rows: Rows, sizes: Sequence[int], *, piece: int) -> Iterator[list[bytes] | None]:
        self.pieces.append(rows)
        self.bounds.append(piece)
        if any(row[0] == 9 for row in rows):
            yield None
        time.sleep(self.seconds)
        yield [bytes([row[0]] * size) for row, size in zip(rows, sizes, strict=True)]

    def close(self) -> None:
        self.closed = True


def work(number: int, *rows: list[int], size: int = 1) -> Work:
    return Work(Caller(None, number), "", Inputs("org/model", list(rows), size), expires=0.0)


def asked(batch: EmbeddingBatch, number: int, *rows: list[int], size: int = 1) -> None:
    batch.admit(work(number, *rows, size=size))


def run(batch: EmbeddingBatch) -> list[Update]:
    updates: list[Update] = []
    while len(batch):
        updates += batch.step()
    return updates


def results(updates: list[Update]) -> dict[int, wire.Frame]:
    assert all(isinstance(update.content, wire.Frame) for update in updates)
    return {update.caller.id: update.content for update in updates if isinstance(update.content, wire.Frame)}


def test_vectors_come_in_the_order_of_the_texts() -> None:
    batch = EmbeddingBatch(Script())
    asked(batch, 1, [5], [3] * 50, [4] * 20, size=2)
    assert results(run(batch)) == {1: wire.Result(1, 71, (b"\5\5", b"\3\3", b"\4\4"))}


def test_a_piece_holds_no_more_than_it_may_padding_counted() -> None:
    script = Script()
    batch = EmbeddingBatch(script)
    asked(batch, 1, *([1] * length for length in range(1, 60)))
    run(batch)
    assert sorted(len(row) for rows in script.pieces for row in rows) == list(range(1, 60))
    padded = [max(map(len, rows)) * len(rows) for rows in script.pieces]
    assert all(tokens <= bound for tokens, bound in zip(padded, script.bounds, strict=True))
    assert script.bounds[0] == LEAST_PIECE
    assert max(script.bounds) <= LARGEST_PIECE


def test_a_slow_model_gets_small_pieces_and_a_fast_one_large() -> None:
    slow, fast = Script(seconds=0.1), Script()
    for script in (slow, fast):
        batch = EmbeddingBatch(script)
        asked(batch, 1, *([[1] * 16] * 16))
        run(batch)
    assert [len(rows) for rows in slow.pieces] == [4] * 4
    assert [len(rows) for rows in fast.pieces] == [4, 12]


def test_a_text_larger_than_a_piece_is_one_by_itself() -> None:
    script = Script()
    batch = EmbeddingBatch(script)
    asked(batch, 1, [1] * 3000, [2])
    run(batch)
    assert [list(map(len, rows)) for rows in script.pieces] == [[3000], [1]]


def test_requests_take_turns_so_that_a_short_one_is_not_kept_waiting() -> None:
    script = Script(seconds=0.1)
    batch = EmbeddingBatch(script)
    asked(batch, 1, *([[1] * 16] * 12))
    asked(batch, 2, [2] * 16)
    assert list(results(batch.step())) == [2]
    assert [row[0] for row in script.pieces[0]] == [1, 2, 1, 1]
    assert list(results(run(batch))) == [1]


def test_requests_share_a_piece_with_vectors_of_their_own_size() -> None:
    script = Script()
    batch = EmbeddingBatch(script)
    asked(batch, 1, [1], size=1)
    asked(batch, 2, [2], size=3)
    assert not batch.has_place(work(3, [1]))
    assert results(batch.step()) == {1: wire.Result(1, 1, (b"\1",)), 2: wire.Result(2, 1, (b"\2\2\2",))}
    assert batch.has_place(work(3, [1]))


def test_a_pause_ends_the_step() -> None:
    script = Script()
    batch = EmbeddingBatch(script)
    asked(batch, 1, [9])
    assert batch.step() == []
    assert len(batch.step()) == 1
    assert len(script.pieces) == 1


def test_a_cancelled_request_is_ended_and_the_others_go_on() -> None:
    script = Script()
    batch = EmbeddingBatch(script)
    asked(batch, 1, [9], [1])
    asked(batch, 2, [2])
    assert batch.step() == []
    cancelled = batch.cancel(lambda caller: caller.id == 1)
    assert [type(frame) for frame in results(cancelled).values()] == [wire.Done]
    assert list(results(run(batch))) == [2]


def test_a_piece_that_nobody_wants_any_more_is_not_gone_on_with() -> None:
    script = Script()
    batch = EmbeddingBatch(script)
    asked(batch, 1, [9])
    assert batch.step() == []
    batch.cancel(lambda _: True)
    asked(batch, 2, [2])
    assert list(results(batch.step())) == [2]


def test_when_the_model_fails_all_its_requests_do() -> None:
    batch = EmbeddingBatch(Script())
    for number in (1, 2):
        asked(batch, number, [9])
    batch.step()
    frames = results(batch.fail(GatewayError(Kind.INTERNAL_ERROR, "broken")))
    assert {number: frame.kind for number, frame in frames.items() if isinstance(frame, wire.Error)} == {
        1: Kind.INTERNAL_ERROR,
        2: Kind.INTERNAL_ERROR,
    }
    assert len(batch) == 0


@pytest.mark.parametrize("busy", [True, False])
def test_a_probe_makes_a_vector_unless_there_is_work(busy: bool) -> None:
    script = Script()
    batch = EmbeddingBatch(script)
    if busy:
        asked(batch, 1, [1])
    batch.probe()
    assert len(script.pieces) == (0 if busy else 1)
    batch.close()
    assert script.closed
