"""What becomes of one request, written down on its way, for who counts, limits and logs it at its end."""

import time
from dataclasses import dataclass, field

import msgspec
import structlog

from inference.ir import Usage
from routing.client import Client
from routing.route import Route, Target

log = structlog.get_logger("mlxmanager.course")

# The last of a client that left, or did not read.
ANSWERED, CANCELLED, GONE = "answered", "cancelled", "client_gone"


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One try of a target. `outcome` is in the words of the metrics; `ms` until its answer began, or it failed."""

    backend: str
    model: str
    outcome: str
    ms: int


@dataclass(slots=True)
class Course:
    """Times are on the clock of `time.perf_counter`, `ended_at` in Unix seconds, `duration` in seconds; `status` 0: it
    has no answer yet. `target` answered or failed last.

    `client` None: the key was not accepted. `route` None: no model was asked for, or none was found. `stream`: one was
    asked for. `prompt` is about how many tokens were asked; 0 where none are spent, whatever is answered.
    `usage` is known when the answer has ended, and None where there was none; `is_estimated`: not told by its backend.
    `upstream_id` is the answering provider's own id of the request, empty where it tells none.
    """

    request_id: str = ""
    began: float = field(default_factory=time.perf_counter)
    ended_at: float = 0.0
    duration: float = 0.0
    endpoint: str = "other"
    target: Target | None = None
    status: int = 0
    first_byte: float = 0.0
    outcome: str = CANCELLED
    client: Client | None = None
    model: str = ""
    route: Route | None = None
    stream: bool = False
    prompt: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    usage: Usage | None = None
    is_estimated: bool = False
    upstream_id: str = ""

    @property
    def backend(self) -> str:
        return self.target.backend if self.target is not None else "none"

    def answer(self, status: int) -> None:
        """The answer begins. Where it is an error, the outcome says so already."""
        if self.outcome == CANCELLED:
            self.outcome = ANSWERED
        self.status = status
        self.first_byte = time.perf_counter()

    def tried(self, attempt: Attempt, upstream_id: str) -> None:
        """One that has an answer is told of at the end, with all the rest."""
        self.attempts.append(attempt)
        if attempt.outcome == ANSWERED:
            self.upstream_id = upstream_id
            return
        log.info(
            "attempt failed",
            model=self.model,
            backend=attempt.backend,
            target=attempt.model,
            outcome=attempt.outcome,
            ms=attempt.ms,
            **named(upstream_id),
        )

    def end(self) -> None:
        self.ended_at, self.duration = time.time(), time.perf_counter() - self.began
        if self.client is not None:
            log.info("request", client=self.client.name, **self._facts())

    def _facts(self) -> dict[str, object]:
        """As far as there are any."""
        facts: dict[str, object] = {"endpoint": self.endpoint}
        if self.model:
            facts |= {"model": self.model, "stream": self.stream}
        if self.target is not None:
            facts |= {"backend": self.target.backend, "target": self.target.model, **named(self.upstream_id)}
        if len(self.attempts) > 1:
            facts["attempts"] = len(self.attempts)
        facts |= {"status": self.status, "outcome": self.outcome, "ms": round(self.duration * 1000)}
        if self.usage is not None:
            facts |= {"input_tokens": self.usage.input_tokens, "output_tokens": self.usage.output_tokens}
        if self.is_estimated:
            facts["estimated"] = True
        return facts

    def spend(self, told: Usage | None, *, written: int, is_whole: bool = True) -> None:
        """What the answer cost, as far as its backend told by the time it ended or was left.

        `written` is about how many tokens reached the client: what counts where no more was told.
        """
        self.usage = told
        if told is None and self.prompt:
            self.usage, self.is_estimated = Usage(self.prompt, written), True
        elif told is not None and not is_whole and told.output_tokens < written:
            # The last count comes with the end of a stream.
            self.usage, self.is_estimated = msgspec.structs.replace(told, output_tokens=written), True


def named(upstream_id: str) -> dict[str, str]:
    return {"upstream_id": upstream_id} if upstream_id else {}
