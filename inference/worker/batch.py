"""The requests one model answers at a time: they are rows of the engine's batch."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol
from weakref import WeakKeyDictionary

from inference import ir
from inference.errors import GatewayError, Kind
from inference.protocols import native, wire
from inference.worker.adapter import TokenizerWrapper
from inference.worker.borders import Borders
from inference.worker.engine import Begun, Reading, Token
from inference.worker.fitting import Prepared, prepare
from inference.worker.holding import Held, begin_holding
from inference.worker.likelihoods import Likelihoods
from inference.worker.memory import Cost, Need
from inference.worker.prefixes import SHORTEST
from inference.worker.priority import has_place
from inference.worker.row import Row, begin_answer
from inference.worker.work import Caller, Update, Work, failed

log = logging.getLogger(__name__)

# Tokens. A call is told once it is whole: who waits shall hear that it is being written.
LONGEST_SILENCE = 8


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
        likelihoods: Likelihoods | None = None,
    ) -> Begun: ...

    def step(self) -> Sequence[Token | Reading]: ...

    def remove(self, row: int) -> None: ...

    def close(self) -> None: ...


class Batch:
    """`max_context`: how many tokens a prompt and its answer may have, where that is less than the model can.

    `read` and `written` count the tokens of prompts and of answers.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._borders = Borders(engine.tokenizer)
        self.max_context: int | None = None
        self.read = self.written = 0
        self._rows: dict[int, Row] = {}
        self._prepared: WeakKeyDictionary[Work, Prepared] = WeakKeyDictionary()
        self._beginning: list[Prepared] = []

    def __len__(self) -> int:
        return len(self._rows)

    def has_place(self, work: Work) -> bool:
        """There is none while the same client has the same prompt read: soon it need not be read again."""
        rows = self._rows.values()
        if any(self._reads_for(row, work) for row in rows):
            return False
        return has_place(work, [row.work for row in rows], self.engine.slots)

    def _reads_for(self, row: Row, work: Work) -> bool:
        if self.engine.needs_borders or row.writing is not None or row.work.tenant != work.tenant:
            return False
        assert work.prompt is not None
        tokens = row.prepared.prompt.tokens
        return row.is_kept and len(tokens) - row.cached > SHORTEST and tokens == work.prompt.tokens

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
            window = min(self.engine.window, self.max_context or self.engine.window)
            self._prepared[work] = prepare(work, self.engine.cost, window=window, room=room)

    def need(self, work: Work | None = None) -> Need:
        """What the rows take, with those of a request that is prepared."""
        rows = [*self._beginning, *(row.prepared for row in self._rows.values())]
        if work is not None:
            rows.append(self._prepared[work])
        judged = sum(prepared.judged for prepared in rows)
        return self.engine.cost.of_rows([prepared.length for prepared in rows], judged=judged)

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
        wanted = job.request.logprobs
        likelihoods = None if wanted is None else Likelihoods(wanted, wants_prompt=job.echo)
        borders = self._borders.find(job, prompt.tokens) if self.engine.needs_borders else ()
        begun = self.engine.insert(
            prompt.tokens,
            job.request.sampling,
            max_tokens=prepared.limit,
            tenant=work.tenant,
            borders=borders,
            held=begin_holding(work, prompt, self.engine.tokenizer),
            likelihoods=likelihoods,
        )
        self._rows[begun.row] = Row(work, answer, prepared, begun.cached, self.engine.tokenizer, likelihoods)

    def step(self) -> Iterator[Update]:
        """What is given counts, also where the step then fails."""
        for made in self.engine.step():
            row = self._rows.get(made.row)
            if row is None:
                continue
            if isinstance(made, Reading):
                yield Update(row.work.caller, wire.Progress(row.work.caller.id, made.read, made.total))
            else:
                self.read += row.prompt - row.cached if row.writing is None else 0
                self.written += 1
                yield from self._write(row, made)

    def cancel(self, unwanted: Callable[[Caller], bool]) -> list[Update]:
        numbers = [number for number, row in self._rows.items() if unwanted(row.work.caller)]
        for number in numbers:
            self.engine.remove(number)
        # Not before: whoever is still there is told where that fails.
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
            events = row.write(made)
        except Exception:
            # The model's tokenizer is foreign code: what it raises ends this answer alone.
            log.exception("answer failed model=%s", row.work.model)
            self._drop(made)
            return [failed(caller, GatewayError(Kind.INTERNAL_ERROR, "The answer could not be decoded."))]
        if row.answer.stop_reason is None:
            return [Update(caller, events)] if events else sign_of_life(row)
        self._drop(made)
        constraint = row.work.constraint
        if constraint is not None and constraint.has_failed:
            message = "The answer could not be held to its schema: it allows too much at once."
            return [failed(caller, GatewayError(Kind.INVALID_VALUE, message, param=constraint.param))]
        finished = ir.Finished(row.answer.stop_reason, row.answer.stop_sequence, row.usage())
        return [Update(caller, [*events, finished]), row.done()]

    def _drop(self, made: Token) -> None:
        if made.end is None:
            self.engine.remove(made.row)
        # Not before: whoever is still there is told where that fails.
        del self._rows[made.row]


def sign_of_life(row: Row) -> list[Update]:
    """Now and then, for a row that makes tokens and has nothing to say."""
    row.untold += 1
    if row.untold % LONGEST_SILENCE:
        return []
    return [Update(row.work.caller, wire.Progress(row.work.caller.id, row.prompt, row.prompt))]
