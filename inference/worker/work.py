"""A request on its way through the worker, and what is said about it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from inference import ir
from inference.errors import GatewayError
from inference.installed import ModelKind
from inference.protocols import native, wire
from inference.worker.constraints import Constraint
from inference.worker.prompts import Prompt


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asked: a connection, compared by identity, and the id of the request on it."""

    owner: object
    id: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """Texts to make vectors of, as tokens. `size` is how many numbers a vector shall have."""

    model: str
    rows: list[list[int]]
    size: int


@dataclass(frozen=True, slots=True)
class Wish:
    """That a model be in memory."""

    model: str


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Work:
    """`expires` and `since` are on the monotonic clock. `size` is how many tokens it has.

    `is_batch`: nobody waits for it. `prompt` is that of a conversation or text to be answered.
    """

    caller: Caller
    tenant: str
    job: native.Job | Inputs | Wish
    expires: float
    prompt: Prompt | None = None
    constraint: Constraint | None = None
    size: int = 0
    is_batch: bool = False
    since: float = field(default_factory=time.monotonic)

    @property
    def model(self) -> str:
        return self.job.model

    @property
    def kind(self) -> ModelKind | None:
        """The kind of model that can do it; None: any."""
        match self.job:
            case native.Job():
                return "chat"
            case Inputs():
                return "embedding"
            case Wish():
                return None


@dataclass(frozen=True, slots=True)
class Update:
    """Events of an answer, or the frame that is to be sent."""

    caller: Caller
    content: Sequence[ir.Event] | wire.Frame


def failed(caller: Caller, error: GatewayError) -> Update:
    frame = wire.Error(caller.id, error.kind, error.message, param=error.param, retry_after=error.retry_after)
    return Update(caller, frame)


def unanswered(caller: Caller) -> Update:
    """The end of a request that was cancelled before its answer began."""
    return Update(caller, wire.Done(caller.id, ir.Usage(), wire.Timings()))
