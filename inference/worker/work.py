"""A request on its way through the worker, and what is said about it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from inference import ir
from inference.errors import GatewayError
from inference.installed import ModelKind
from inference.protocols import native, wire
from inference.worker.constraints import Constraint


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


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """`expires` and `since` are on the monotonic clock."""

    caller: Caller
    tenant: str
    job: native.Job | Inputs
    expires: float
    constraint: Constraint | None = None
    since: float = field(default_factory=time.monotonic)

    @property
    def model(self) -> str:
        return self.job.model

    @property
    def kind(self) -> ModelKind:
        """The kind of model that can do it."""
        return "embedding" if isinstance(self.job, Inputs) else "chat"


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
