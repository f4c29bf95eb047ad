"""The requests one model answers at a time: each row of the engine's batch with the answer it is writing."""

import bisect
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakKeyDictionary

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols import native, wire
from inference.worker import prompts
from inference.worker.adapter import TokenizerWrapper
from inference.worker.borders import Borders
from inference.worker.engine import Begun, Reading, Token
from inference.worker.holding import Held
from inference.worker.memory import Cost, Need, too_long
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
    cost: Cost

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


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request as it will be begun: `limit` tokens may be written, and `at_limit` is the reason to give then."""

    prompt: prompts.Prompt
    limit: int
    at_limit: ir.StopReason

    @property
    def length(self) -> int:
        return len(self.prompt.tokens) + self.limit


@dataclass(slots=True)
class Row:
    """`writing` is when its first token came."""

    work: Work
    answer: Answer
    prepared: Prepared
    cached: int
    reading: float
    writing: float | None = None

    @property
    def prompt(self) -> int:
        return len(self.prepared.prompt.tokens)

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
    """`max_context`: how many tokens a prompt and its answer may have, where that is less than the model can."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._borders = Borders(engine.tokenizer)
        self.max_context: int | None = None
        self._rows: dict[int, Row] = {}
        self._prepared: WeakKeyDictionary[Work, Prepared] = WeakKeyDictionary()
        self._beginning: list[Prepared] = []

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def has_room(self) -> bool:
        return len(self._rows) < self.engine.slots

    @property
    def reading(self) -> int:
        """How many have their prompt read."""
        return sum(row.writing is None for row in self._rows.values())

    @property
    def weights(self) -> int:
        return self.engine.cost.weights

    def prepare(self, work: Work, room: int) -> None:
        """Find out what the request takes, once. Raises GatewayError where it cannot be answered as it is.

        `room` is the memory in bytes that it can ever have.
        """
        if work not in self._prepared:
            self._prepared[work] = self._prepare(work, room)

    def need(self, work: Work | None = None) -> Need:
        """What the rows take, with those of a request that is prepared."""
        rows = [*self._beginning, *(row.prepared for row in self._rows.values())]
        lengths = [prepared.length for prepared in rows]
        return self.engine.cost.of_rows(lengths if work is None else [*lengths, self._prepared[work].length])

    def admit(self, work: Work) -> None:
        """Begin a request that is prepared. Raises GatewayError for parameters the model cannot follow."""
        job = work.job
        assert isinstance(job, native.Job)
        prepared = self._prepared.pop(work)
        # What is recalled from the disk for the row must not take its room.
        self._beginning = [prepared]
        try:
            self._insert(work, job, prepared)
        finally:
            self._beginning = []

    def _insert(self, work: Work, job: native.Job, prepared: Prepared) -> None:
        prompt = prepared.prompt
        answer = begin_answer(job, prompt, self.engine.tokenizer)
        borders = self._borders.find(job, prompt.tokens) if self.engine.needs_borders else ()
        begun = self.engine.insert(
            prompt.tokens,
            job.request.sampling,
            max_tokens=prepared.limit,
            tenant=work.tenant,
            borders=borders,
            held=begin_holding(work, prompt, self.engine.tokenizer),
        )
        self._rows[begun.row] = Row(work, answer, prepared, begun.cached, time.monotonic())

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

    def _prepare(self, work: Work, room: int) -> Prepared:
        job, prompt = work.job, work.prompt
        assert isinstance(job, native.Job)
        assert prompt is not None
        window = min(self.engine.window, self.max_context or self.engine.window)
        asked, source = job.request.max_tokens, "messages" if job.prompt is None else "prompt"
        limit, at_limit = output_limit(asked, len(prompt.tokens), window, param=source)
        fitting = self._fitting(len(prompt.tokens), limit, room)
        if asked is None and 0 < fitting < limit:
            return Prepared(prompt, fitting, "context_window")
        if fitting < limit:
            whole = len(prompt.tokens) + limit
            needs = self.engine.cost.of_rows([whole]).whole
            raise too_long(work.model, whole, needs, room=room, param="max_tokens" if fitting > 0 else source)
        return Prepared(prompt, limit, at_limit)

    def _fitting(self, prompt: int, limit: int, room: int) -> int:
        """How many tokens of an answer have room, of as many as are wanted."""

        def needs(answer: int) -> int:
            return self.engine.cost.of_rows([prompt + answer]).whole

        return bisect.bisect_right(range(1, limit + 1), room, key=needs)

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
            if row.prepared.prompt.echo:
                events.append(ir.TextDelta(row.prepared.prompt.echo))
        if made.end == "stop":
            return events + row.answer.end("end_turn", token=True)
        events += row.answer.feed(made.token)
        if made.end == "length" and row.answer.stop_reason is None:
            events += row.answer.end(row.prepared.at_limit, token=False)
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
