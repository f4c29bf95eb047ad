"""The requests one model answers at a time: each row of the engine's batch with the answer it is writing."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols import native, wire
from inference.worker import prompts
from inference.worker.adapter import TokenizerWrapper
from inference.worker.borders import Borders
from inference.worker.engine import Begun, Reading, Token
from inference.worker.holding import Held
from inference.worker.parsing import Answer
from inference.worker.thinking import ThinkingLimit
from inference.worker.work import Caller, Update, Work, failed

log = logging.getLogger(__name__)

LONGEST_BY_DEFAULT = 8192


class Engine(Protocol):
    """What a batch needs of an engine."""

    tokenizer: TokenizerWrapper
    slots: int
    window: int
    needs_borders: bool

    def insert(
        self,
        prompt: list[int],
        wanted: ir.Sampling,
        /,
        *,
        max_tokens: int,
        tenant: str | None = None,
        borders: Sequence[int] = (),
        held: Held | None = None,
    ) -> Begun: ...

    def step(self) -> Sequence[Token | Reading]: ...

    def remove(self, row: int) -> None: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Row:
    """`at_limit` is the reason to give when the row reaches its limit. `writing` is when its first token came.

    `echo` is what the answer begins with, ahead of what is written.
    """

    work: Work
    answer: Answer
    prompt: int
    cached: int
    at_limit: ir.StopReason
    reading: float
    echo: str
    writing: float | None = None

    def usage(self) -> ir.Usage:
        return ir.Usage(
            input_tokens=self.prompt,
            output_tokens=self.answer.tokens,
            cached_tokens=self.cached,
            reasoning_tokens=self.answer.thinking_tokens,
        )

    def done(self) -> Update:
        now = time.monotonic()
        writing = self.writing or now
        timings = wire.Timings(self.reading - self.work.since, writing - self.reading, now - writing)
        return Update(self.work.caller, wire.Done(self.work.caller.id, self.usage(), timings))


class Batch:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._borders = Borders(engine.tokenizer)
        self._rows: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def has_room(self) -> bool:
        return len(self._rows) < self.engine.slots

    def admit(self, work: Work) -> None:
        """Raises GatewayError where the request cannot be answered as it is."""
        job = work.job
        assert isinstance(job, native.Job)
        request = job.request
        prompt = prompts.render(job, self.engine.tokenizer, most=self.engine.window)
        source = "messages" if job.prompt is None else "prompt"
        limit, at_limit = output_limit(request.max_tokens, len(prompt.tokens), self.engine.window, param=source)
        answer = begin_answer(job, prompt, self.engine.tokenizer)
        borders = self._borders.find(job, prompt.tokens) if self.engine.needs_borders else ()
        begun = self.engine.insert(
            prompt.tokens,
            request.sampling,
            max_tokens=limit,
            tenant=work.tenant,
            borders=borders,
            held=begin_holding(work, prompt, self.engine.tokenizer),
        )
        length = len(prompt.tokens)
        self._rows[begun.row] = Row(work, answer, length, begun.cached, at_limit, time.monotonic(), prompt.echo)

    def step(self) -> list[Update]:
        updates: list[Update] = []
        for made in self.engine.step():
            row = self._rows.get(made.row)
            if row is None:
                continue
            if isinstance(made, Reading):
                progress = wire.Progress(row.work.caller.id, made.read, made.total)
                updates.append(Update(row.work.caller, progress))
            else:
                updates += self._write(row, made)
        return updates

    def cancel(self, unwanted: Callable[[Caller], bool]) -> list[Update]:
        numbers = [number for number, row in self._rows.items() if unwanted(row.work.caller)]
        for number in numbers:
            self.engine.remove(number)
        return [self._rows.pop(number).done() for number in numbers]

    def fail(self, error: GatewayError) -> list[Update]:
        """The engine is gone, and with it every answer."""
        rows, self._rows = self._rows, {}
        return [failed(row.work.caller, error) for row in rows.values()]

    def probe(self) -> None:
        """Make one token, unless there are answers that show the engine at work."""
        if self._rows:
            return
        first = next(iter(self.engine.tokenizer.eos_token_ids), 0)
        begun = self.engine.insert([first], ir.Sampling(temperature=0), max_tokens=1)
        while not any(made.row == begun.row and isinstance(made, Token) for made in self.engine.step()):
            pass

    def close(self) -> None:
        self.engine.close()

    def _write(self, row: Row, made: Token) -> list[Update]:
        caller = row.work.caller
        try:
            events = self._events(row, made)
        except Exception:
            # The model's tokenizer is foreign code: what it raises ends this answer alone.
            log.exception("answer failed model=%s", row.work.model)
            self._drop(made)
            return [failed(caller, GatewayError(Kind.INTERNAL_ERROR, "The answer could not be decoded."))]
        if row.answer.stop_reason is None:
            return [Update(caller, events)] if events else []
        self._drop(made)
        if row.work.constraint is not None and row.work.constraint.has_failed:
            message = "The answer could not be held to its schema: it allows too much at once."
            return [failed(caller, GatewayError(Kind.INTERNAL_ERROR, message))]
        finished = ir.Finished(row.answer.stop_reason, row.answer.stop_sequence, row.usage())
        return [Update(caller, [*events, finished]), row.done()]

    def _events(self, row: Row, made: Token) -> list[ir.Event]:
        events: list[ir.Event] = []
        if row.writing is None:
            row.writing = time.monotonic()
            events.append(ir.Started(usage=ir.Usage(input_tokens=row.prompt, cached_tokens=row.cached)))
            if row.echo:
                events.append(ir.TextDelta(row.echo))
        if made.end == "stop":
            return events + row.answer.end("end_turn", token=True)
        events += row.answer.feed(made.token)
        if made.end == "length" and row.answer.stop_reason is None:
            events += row.answer.end(row.at_limit, token=False)
        return events

    def _drop(self, made: Token) -> None:
        del self._rows[made.row]
        if made.end is None:
            self.engine.remove(made.row)


def begin_answer(job: native.Job, prompt: prompts.Prompt, tokenizer: TokenizerWrapper) -> Answer:
    request, choice = job.request, job.request.tool_choice
    answer = Answer(
        tokenizer,
        prompts.tools(request),
        request.stop,
        thinks=prompt.thinks,
        parallel=choice is None or choice.parallel,
        raw=job.prompt is not None,
        literal=request.output is not None,
    )
    if prompt.goes_on:
        answer.follow(prompt.tokens[-1])
    return answer


def begin_holding(work: Work, prompt: prompts.Prompt, tokenizer: TokenizerWrapper) -> Held | None:
    """None where the answer is free, and so is its thinking."""
    assert isinstance(work.job, native.Job)
    budget = work.job.thinking_budget
    limit = None
    if budget is not None and tokenizer.has_thinking:
        opening, closing = tokenizer.think_start_tokens, tokenizer.think_end_tokens
        limit = ThinkingLimit(opening, closing, budget, thinks=prompt.thinks)
    return Held(work.constraint, limit) if work.constraint or limit else None


def output_limit(asked: int | None, prompt: int, window: int, *, param: str) -> tuple[int, ir.StopReason]:
    """How many tokens may be written, and the reason to give when they are. `param` is where the prompt stands.

    At least one: the last token of a text needs no place in the window.
    """
    if asked is not None and asked < 1:
        raise GatewayError(Kind.INVALID_VALUE, "max_tokens is out of range.", param="max_tokens")
    if prompt > window:
        message = f"prompt is too long: {prompt} tokens > {window} maximum"
        raise GatewayError(Kind.CONTEXT_LENGTH_EXCEEDED, message, param=param)
    wanted = LONGEST_BY_DEFAULT if asked is None else asked
    room = max(1, window - prompt)
    return (wanted, "max_tokens") if wanted <= room else (room, "context_window")
