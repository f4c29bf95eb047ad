"""What a request takes before it is begun: how long its answer may become, for the window and for the memory."""

import bisect
from dataclasses import dataclass

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols import native
from inference.worker import prompts
from inference.worker.memory import Cost, too_long
from inference.worker.work import Work

LONGEST_BY_DEFAULT = 8192
# So many tokens of a prompt are judged at once.
PIECE = 16


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request as it will be begun: `limit` tokens may be written, and `at_limit` is the reason to give then.

    `is_silent`: the prompt is read to be kept, and none of the answer is wanted. `judged` is as in `Cost.of_rows`.
    """

    prompt: prompts.Prompt
    limit: int
    at_limit: ir.StopReason
    is_silent: bool = False
    judged: int = 0

    @property
    def length(self) -> int:
        return len(self.prompt.tokens) + self.limit


def prepare(work: Work, cost: Cost, *, window: int, room: int) -> Prepared:
    """Raises GatewayError where the request cannot be answered as it is.

    `window` is in tokens, `room` in bytes: what it can ever have.
    """
    job, prompt = work.job, work.prompt
    assert isinstance(job, native.Job)
    assert prompt is not None
    asked, source = job.request.max_tokens, "messages" if job.prompt is None else "prompt"
    limit, at_limit = output_limit(asked, len(prompt.tokens), window, param=source)
    judged = judged_at_once(job)
    fitting = fitting_answer(len(prompt.tokens), limit, cost=cost, room=room, judged=judged)
    if asked is None and 0 < fitting < limit:
        return Prepared(prompt, fitting, "context_window", judged=judged)
    if fitting < limit:
        whole = len(prompt.tokens) + limit
        needs = cost.of_rows([whole], judged=judged).whole
        raise too_long(work.model, whole, needs, room=room, param="max_tokens" if fitting > 0 else source)
    return Prepared(prompt, limit, at_limit, is_silent=asked == 0, judged=judged)


def judged_at_once(job: native.Job) -> int:
    if job.request.logprobs is None:
        return 0
    return 1 + (PIECE if job.echo else 0)


def output_limit(asked: int | None, prompt: int, window: int, *, param: str) -> tuple[int, ir.StopReason]:
    """How many tokens may be written, and the reason to give when they are. `param` is where the prompt stands.

    At least one: the last token of a text needs no place in the window.
    """
    if asked is not None and asked < 0:
        raise GatewayError(Kind.INVALID_VALUE, "This field must not be below 0.", param="max_tokens")
    if prompt > window:
        message = f"prompt is too long: {prompt} tokens > {window} maximum"
        raise GatewayError(Kind.CONTEXT_LENGTH_EXCEEDED, message, param=param)
    # One comes of reading the prompt, wanted or not.
    wanted = LONGEST_BY_DEFAULT if asked is None else max(asked, 1)
    room = max(1, window - prompt)
    return (wanted, "max_tokens") if wanted <= room else (room, "context_window")


def fitting_answer(prompt: int, limit: int, *, cost: Cost, room: int, judged: int = 0) -> int:
    """How many tokens of an answer have room, of as many as are wanted."""

    def needs(answer: int) -> int:
        return cost.of_rows([prompt + answer], judged=judged).whole

    return bisect.bisect_right(range(1, limit + 1), room, key=needs)
