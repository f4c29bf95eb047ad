"""What models have read, kept for the next request that begins with the same tokens: in memory, and on disk.

Nothing is shared between tenants: how fast an answer begins would tell one what another has asked.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inference import prefix_folder
from inference.installed import Installed
from inference.protocols import wire
from inference.worker import caches
from inference.worker.caches import Cache
from inference.worker.prefix_files import PrefixFiles
from inference.worker.prefix_index import WIDTH, Found, Prefix, PrefixIndex, pack
from inference.worker.prefix_writer import SHORTEST as SHORTEST_ON_DISK
from inference.worker.prefix_writer import Address, Later, PrefixWriter

log = logging.getLogger(__name__)

# A model reads so few tokens as fast as one.
SHORTEST = 32


@dataclass(frozen=True, slots=True)
class Recalled:
    cache: Cache
    length: int


class Prefixes:
    """For all models. Called on the MLX thread, which `later` has run something between two steps.

    `limit` is in bytes of memory; `spare` are those that nothing else takes at the moment.
    """

    def __init__(self, limit: int, files: PrefixFiles | None, later: Later, spare: Callable[[], int]) -> None:
        self.later = later
        self._limit = limit
        self._spare = spare
        self._files = files
        self._index: PrefixIndex[Cache] = PrefixIndex()
        self._writer = PrefixWriter(files, self._index.get, later) if files else None
        self._hits = 0
        self._misses = 0

    def shelf(self, model: Installed, kinds: list[str], *, variant: str = "") -> "Shelf":
        return Shelf(self, model, kinds, variant=variant)

    def open(self, model: str, identity: str) -> None:
        if self._files:
            self._files.open(model, identity)

    def close(self, model: str, spaces: Iterable[str]) -> None:
        for space in spaces:
            self._index.drop(space)
        if self._files:
            self._files.close(model)

    @property
    def size(self) -> int:
        """Bytes of memory that are taken."""
        return self._index.size

    def shrink(self, wanted: int) -> int:
        """Free so many bytes, or all there are; how many were freed."""
        before = self._index.size
        self._keep_within(before - wanted)
        return before - self._index.size

    def figures(self) -> wire.Prefixes:
        return wire.Prefixes(self._hits, self._misses, self._index.size, self._files.size if self._files else 0)

    def recall(self, space: str, tokens: bytes, kinds: list[str]) -> Recalled | None:
        found = self._index.find(space, tokens)
        on_disk = self._files.find(space, tokens) if self._files else None
        if on_disk and on_disk.length >= (found.length if found else 0) + SHORTEST_ON_DISK * WIDTH:
            found = self._restore(on_disk, kinds) or found
        if found is None or found.length < SHORTEST * WIDTH:
            self._misses += 1
            return None
        self._hits += 1
        self._index.use(found.prefix)
        surplus = (len(found.prefix.tokens) - found.length) // WIDTH
        return Recalled(caches.cut_back(found.prefix.value, surplus), found.length // WIDTH)

    def keep(self, address: Address, read: Cache) -> None:
        """What was `read` may still lie in a batch."""
        if len(address.tokens) < SHORTEST * WIDTH or self._index.covers(address.space, address.tokens):
            return
        cache = caches.settled(read)
        self._put(Prefix(address.space, address.tokens, cache, caches.size(cache), caches.trims(cache)))
        if self._writer:
            self._writer.offer(address)

    def _restore(self, on_disk: Found[Path], kinds: list[str]) -> Found[Cache] | None:
        assert self._files is not None
        file = on_disk.prefix
        try:
            cache = caches.restore(file.value, kinds, len(file.tokens) // WIDTH)
        except Exception:
            # What a broken file makes mlx_lm raise is not known.
            log.warning("kept prefix cannot be read file=%s", file.value.name, exc_info=True)
            self._files.discard(file)
            return None
        self._files.use(file)
        prefix = Prefix(file.space, file.tokens, cache, caches.size(cache), file.trims)
        self._put(prefix)
        return Found(prefix, on_disk.length)

    def _put(self, prefix: Prefix[Cache]) -> None:
        limit = min(self._limit, self._index.size + self._spare())
        if prefix.size <= limit:
            self._index.put(prefix)
            self._keep_within(limit)

    def _keep_within(self, limit: int) -> None:
        while len(self._index) and self._index.size > limit:
            self._index.pop()


class Shelf:
    """The prefixes of one model, while it is loaded. `kinds` are those of its layers' caches.

    `variant` is what else they depend on.
    """

    def __init__(self, prefixes: Prefixes, model: Installed, kinds: list[str], *, variant: str = "") -> None:
        self._prefixes = prefixes
        self._model = model.name
        self._kinds = kinds
        self._identity = prefix_folder.identity(model, caches.computed_by(), variant, *kinds)
        self._spaces: set[str] = set()
        self._is_open = True
        prefixes.open(model.name, self._identity)

    def recall(self, tenant: str, tokens: Sequence[int]) -> Recalled | None:
        """A cache of the longest beginning of these tokens that is kept."""
        return self._prefixes.recall(self._space(tenant), pack(tokens), self._kinds)

    def keep(self, tenant: str, tokens: Sequence[int], cache: Cache) -> None:
        self._prefixes.keep(Address(self._model, self._identity, self._space(tenant), pack(tokens)), cache)

    def keep_soon(self, tenant: str, tokens: Sequence[int], cache: Cache) -> None:
        """Once what this step has to say is on its way: whoever waits for the end shall not wait for this."""
        self._prefixes.later(lambda: self.keep(tenant, tokens, cache) if self._is_open else None)

    def close(self) -> None:
        self._is_open = False
        self._prefixes.close(self._model, self._spaces)

    def _space(self, tenant: str) -> str:
        space = hashlib.sha256(f"{self._identity}\n{tenant}".encode()).hexdigest()
        self._spaces.add(space)
        return space
