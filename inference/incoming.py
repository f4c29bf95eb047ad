"""A client's request on its way to the targets of its route."""

import math
import time

import msgspec

from inference.answer_headers import Headers
from inference.course import Course


class Incoming(msgspec.Struct, frozen=True):
    """A client's request as it came. `created` is in Unix seconds, the time limits in seconds.

    `until`, on the monotonic clock: no attempt begins or waits for its first byte beyond it, whatever came before.
    `strict`: what a translation would weaken or leave out is refused. `is_hurried`: the client gives a target less time
    than we would, so that its timeout says nothing of the target. `is_batch`: nobody waits for the answer. `course` is
    where attempts and their cost are noted.
    """

    request_id: str
    protocol: str
    body: bytes
    model: str
    stream: bool
    created: int
    headers: Headers
    tenant: str
    first_byte: float
    idle: float
    until: float = math.inf
    strict: bool = False
    is_hurried: bool = False
    is_batch: bool = False
    course: Course = msgspec.field(default_factory=Course)

    @property
    def left(self) -> float:
        """Seconds until the client's patience, or ours, is at its end."""
        return self.until - time.monotonic()
