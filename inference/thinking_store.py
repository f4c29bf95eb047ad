"""Keeps for a while the thinking of answers that called tools, for clients that do not send it back.

Anthropic wants a call's thinking again with the call's result, signed as it was.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from inference import ir

LIFETIME = 3600.0
MOST_TURNS = 4096
MOST_BYTES = 32 * 1024**2
LARGEST_TURN = 1024**2

BLOCKS = msgspec.msgpack.Decoder(tuple[ir.Thinking | ir.RedactedThinking, ...])


@dataclass(frozen=True, slots=True)
class Turn:
    """`blocks` are encoded, so that their size is known. `until` is in the clock's seconds."""

    blocks: bytes
    until: float


class ThinkingStore:
    """The oldest go first, whatever limit is reached. `clock` is in seconds and never goes back."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        lifetime: float = LIFETIME,
        most_turns: int = MOST_TURNS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._most_turns = most_turns
        self._most_bytes = most_bytes
        self._turns: dict[tuple[str, str], Turn] = {}
        self.size = 0

    def __len__(self) -> int:
        return len(self._turns)

    def of(self, tenant: str) -> "TenantsThinking":
        return TenantsThinking(self, tenant)

    def keep(self, tenant: str, call_id: str, blocks: Sequence[ir.Block]) -> None:
        encoded = msgspec.msgpack.encode(blocks)
        if len(encoded) > LARGEST_TURN:
            return
        self._drop((tenant, call_id))
        self._turns[tenant, call_id] = Turn(encoded, self._clock() + self._lifetime)
        self.size += len(encoded)
        self._tidy()

    def find(self, tenant: str, call_id: str) -> tuple[ir.Block, ...]:
        """Empty where nothing is kept."""
        self._tidy()
        turn = self._turns.get((tenant, call_id))
        return BLOCKS.decode(turn.blocks) if turn is not None else ()

    def _tidy(self) -> None:
        """The order of the turns is that of their age."""
        now = self._clock()
        while self._turns:
            key, oldest = next(iter(self._turns.items()))
            is_over = len(self._turns) > self._most_turns or self.size > self._most_bytes
            if not is_over and oldest.until > now:
                break
            self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        turn = self._turns.pop(key, None)
        if turn is not None:
            self.size -= len(turn.blocks)


@dataclass(frozen=True, slots=True)
class TenantsThinking:
    """One client key's, which no other's can reach."""

    store: ThinkingStore
    tenant: str

    def keep(self, call_id: str, blocks: Sequence[ir.Block]) -> None:
        self.store.keep(self.tenant, call_id, blocks)

    def find(self, call_id: str) -> tuple[ir.Block, ...]:
        return self.store.find(self.tenant, call_id)
