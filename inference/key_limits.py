"""What client keys may still ask for, in this process. Knows no request; the clock is monotonic and handed in.

A limit is a bucket that holds a minute's worth. All of it may be taken at once, and a sixtieth of it comes back each
second: no more than the limit × (1 + T / 60) is let in within any T seconds. What was not known beforehand may be taken
on credit, and those who come later wait for it.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from inference.errors import GatewayError, Kind
from routing.client import Client
from routing.snapshot import Snapshot

MINUTE = 60.0
# In seconds. Sums of floats may miss the moment by so little.
ROUNDING = 1e-6


@dataclass(slots=True)
class Bucket:
    """`full_at` is when it is full again if nothing more is taken. Where that is over a minute ahead, it has a debt."""

    limit: int
    full_at: float

    def refill(self, now: float) -> float:
        """Seconds until it is full."""
        return max(0.0, self.full_at - now)

    def left(self, now: float) -> int:
        """What may be taken now."""
        return max(0, math.floor(self.limit * (1 - self.refill(now) / MINUTE) + ROUNDING))

    def wait(self, amount: int, now: float) -> float:
        """Seconds until so much can be taken; infinite for more than it ever holds."""
        if amount > self.limit:
            return math.inf
        wait = self.refill(now) + self._seconds(amount) - MINUTE
        return wait if wait > ROUNDING else 0.0

    def take(self, amount: int, now: float) -> None:
        """On credit, where there is not so much. Less than 0 gives back."""
        self.full_at = max(now, self.full_at) + self._seconds(amount)

    def change(self, limit: int, now: float) -> None:
        """What was taken stays taken."""
        taken = self.limit * self.refill(now) / MINUTE
        self.limit = limit
        self.full_at = now + self._seconds(taken)

    def _seconds(self, amount: float) -> float:
        """In which so much comes back."""
        return MINUTE * amount / self.limit if self.limit else 0.0


class LimitReached(GatewayError):
    """`unit` tells which limit: `requests` or `tokens`. `retry_after` is infinite for what never fits."""

    def __init__(self, unit: str, message: str, retry_after: float) -> None:
        super().__init__(Kind.RATE_LIMIT_EXCEEDED, message, retry_after=retry_after)
        self.unit = unit


class Standing:
    """How one client key stands to its limits. None: there is no such limit."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.requests: Bucket | None = None
        self.tokens: Bucket | None = None
        self._name = ""

    def follow(self, client: Client) -> None:
        """What the configuration says now."""
        now = self.clock()
        self._name = client.name
        self.requests = following(self.requests, client.requests_per_minute, now)
        self.tokens = following(self.tokens, client.tokens_per_minute, now)

    def admit(self, tokens: int) -> None:
        """Charge a request that holds about so many tokens, 0 for one that shall cost none. Raises LimitReached."""
        now = self.clock()
        requests, room = self.requests, self.tokens if tokens else None
        for_requests = requests.wait(1, now) if requests is not None else 0.0
        for_tokens = room.wait(tokens, now) if room is not None else 0.0
        if room is not None and for_tokens > for_requests:
            raise LimitReached("tokens", self._too_many(room, tokens, now), for_tokens)
        if requests is not None and for_requests:
            raise LimitReached("requests", self._too_often(requests), for_requests)
        if requests is not None:
            requests.take(1, now)
        if room is not None:
            room.take(tokens, now)

    def settle(self, tokens: int) -> None:
        """So many more were used than the request was charged with, or fewer."""
        if self.tokens is not None:
            self.tokens.take(tokens, self.clock())

    def _too_often(self, bucket: Bucket) -> str:
        return f"The client key {self._name} has reached its limit of {bucket.limit} requests per minute."

    def _too_many(self, bucket: Bucket, tokens: int, now: float) -> str:
        limit = f"the client key {self._name} has a limit of {bucket.limit} tokens per minute"
        if tokens > bucket.limit:
            return f"This request never fits: it holds about {tokens} tokens, and {limit}."
        return f"This request holds about {tokens} tokens: {limit}, of which {bucket.left(now)} are left."


class KeyLimits:
    """The standings of the keys that have limits, as far as they have asked. One that is removed is forgotten."""

    def __init__(self, current: Callable[[], Snapshot], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._current = current
        self._clock = clock
        self._snapshot = current()
        self._standings: dict[int, Standing] = {}

    def standing(self, client: Client) -> Standing:
        snapshot = self._current()
        if snapshot is not self._snapshot:
            self._snapshot = snapshot
            self._standings = {id_: one for id_, one in self._standings.items() if id_ in snapshot.limited_ids}
        standing = self._standings.get(client.id)
        if standing is None:
            standing = self._standings[client.id] = Standing(self._clock)
        standing.follow(client)
        return standing

    def __len__(self) -> int:
        return len(self._standings)


def following(bucket: Bucket | None, limit: int | None, now: float) -> Bucket | None:
    if limit is None:
        return None
    if bucket is None:
        return Bucket(limit, now)
    if bucket.limit != limit:
        bucket.change(limit, now)
    return bucket
