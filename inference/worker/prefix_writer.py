"""Brings kept prefixes to disk beside the answers: the MLX thread gives a piece, another writes it, and so on."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from inference.worker import caches, prefix_files
from inference.worker.caches import Cache
from inference.worker.prefix_files import Draft, Label, PrefixFiles
from inference.worker.prefix_index import WIDTH, Prefix

# What is shorter is read again faster than it is worth a file.
SHORTEST = 512
# A conversation grows with every turn: it is written again once it is so much longer than what the disk has of it.
GROWTH = 1.5
LONGEST_LINE = 16

type Later = Callable[[Callable[[], None]], None]
type LookUp = Callable[[str, bytes], Prefix[Cache] | None]


@dataclass(frozen=True, slots=True)
class Address:
    """Of which tokens something is kept, for whom."""

    model: str
    identity: str
    space: str
    tokens: bytes


@dataclass(frozen=True, slots=True)
class Writing:
    """`kept` is what the file will be in the index."""

    kept: Prefix[Path]
    header: bytes
    pieces: Iterator[bytes]


class PrefixWriter:
    """Called on the MLX thread. `later` has that thread run something; `look_up` finds what is in memory."""

    def __init__(self, files: PrefixFiles, look_up: LookUp, later: Later) -> None:
        self._files = files
        self._look_up = look_up
        self._later = later
        self._line: list[Address] = []
        self._writing = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefixes")

    def offer(self, address: Address) -> None:
        if not self._is_worth_it(address):
            return
        self._line = [*self._line, address][-LONGEST_LINE:]
        if not self._writing:
            self._begin()

    def _is_worth_it(self, address: Address) -> bool:
        length = len(address.tokens)
        found = self._files.find(address.space, address.tokens)
        on_disk = found.length if found else 0
        return self._files.works and length >= SHORTEST * WIDTH and length >= GROWTH * on_disk

    def _begin(self) -> None:
        self._writing = False
        while self._line and not self._writing:
            address = self._line.pop(0)
            # By now it can have left the memory, or be on disk with something longer.
            prefix = self._look_up(address.space, address.tokens)
            if prefix is not None and self._is_worth_it(address):
                writing = self._describe(address, prefix)
                self._writing = True
                self._thread.submit(self._open, writing)

    def _describe(self, address: Address, prefix: Prefix[Cache]) -> Writing:
        named, metadata = caches.arrays(prefix.value)
        label = Label(
            prefix_files.FORMAT, address.identity, address.space, address.tokens.hex(), "yes" if prefix.trims else "no"
        )
        header = prefix_files.header(caches.tensors(named), metadata | prefix_files.label_metadata(label))
        size = len(header) + sum(array.nbytes for array in named.values())
        path = self._files.place(address.model, address.space, address.tokens)
        kept = Prefix(address.space, address.tokens, path, size, prefix.trims)
        return Writing(kept, header, caches.pieces(named))

    def _give(self, writing: Writing, draft: Draft) -> None:
        """The next piece, to the other thread."""
        piece = next(writing.pieces, None)
        if piece is None:
            self._thread.submit(self._finish, writing, draft)
        else:
            self._thread.submit(self._write, writing, draft, piece)

    # On the thread that writes.

    def _open(self, writing: Writing) -> None:
        try:
            has_room = self._files.make_room(writing.kept.size)
            draft = Draft(writing.kept.value, writing.header) if has_room else None
        except OSError as error:
            self._fail(error, None)
            return
        self._later(self._begin if draft is None else lambda: self._give(writing, draft))

    def _write(self, writing: Writing, draft: Draft, piece: bytes) -> None:
        try:
            draft.write(piece)
        except OSError as error:
            self._fail(error, draft)
            return
        self._later(lambda: self._give(writing, draft))

    def _finish(self, writing: Writing, draft: Draft) -> None:
        try:
            draft.finish()
        except OSError as error:
            self._fail(error, draft)
            return
        self._later(lambda: self._learn(writing.kept))

    def _fail(self, error: OSError, draft: Draft | None) -> None:
        if draft is not None:
            draft.abandon()
        # The model's folder goes when the model is removed: that is no fault of the disk.
        if not isinstance(error, FileNotFoundError):
            self._files.fail(error)
        self._later(self._begin)

    # On the MLX thread again.

    def _learn(self, kept: Prefix[Path]) -> None:
        self._files.put(kept)
        self._begin()
