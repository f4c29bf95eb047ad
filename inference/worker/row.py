"""One answer being written: the engine's tokens for a row of its batch to the events of its answer."""

import time
from dataclasses import dataclass, field

from inference import ir
from inference.protocols import native, wire
from inference.worker import prompts
from inference.worker.adapter import TokenizerWrapper
from inference.worker.engine import Token
from inference.worker.fitting import Prepared
from inference.worker.likelihoods import Likelihoods
from inference.worker.parsing import Answer
from inference.worker.spelling import Spelling, spell
from inference.worker.work import Update, Work


@dataclass(slots=True)
class Row:
    """`cached` tokens of its prompt were read before. `reading` and `writing` are when that began.

    `untold`: how many of its tokens have told nothing.
    """

    work: Work
    answer: Answer
    prepared: Prepared
    cached: int
    tokenizer: TokenizerWrapper
    likelihoods: Likelihoods | None = None
    reading: float = field(default_factory=time.monotonic)
    writing: float | None = None
    untold: int = 0

    @property
    def prompt(self) -> int:
        return len(self.prepared.prompt.tokens)

    @property
    def is_kept(self) -> bool:
        """Whether others can go on from its prompt, once it is read."""
        return self.likelihoods is None or not self.likelihoods.wants_prompt

    def write(self, made: Token) -> list[ir.Event]:
        """What the token adds to the answer, which has a `stop_reason` once it is whole."""
        events = self._start()
        if self.prepared.is_silent:
            return events + self.answer.end(self.prepared.at_limit, token=False)
        if made.end == "stop":
            return events + self.answer.end("end_turn", token=True)
        events += self.answer.feed(made.token, self.likelihoods.take(made.token) if self.likelihoods else None)
        if made.end == "length" and self.answer.stop_reason is None:
            events += self.answer.end(self.prepared.at_limit, token=False)
        return events

    def _start(self) -> list[ir.Event]:
        if self.writing is not None:
            return []
        self.writing = time.monotonic()
        started = ir.Started(usage=ir.Usage(input_tokens=self.prompt, cached_tokens=self.cached))
        echo = self.prepared.prompt.echo
        return [started, ir.TextDelta(echo, self._spelt_prompt())] if echo else [started]

    def _spelt_prompt(self) -> tuple[ir.Token, ...]:
        if self.likelihoods is None:
            return ()
        prompt = self.prepared.prompt
        return spell(prompt.tokens, self.likelihoods.prompt, prompt.echo, tokenizer=self.tokenizer)

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
        spelling=None if request.logprobs is None else Spelling(tokenizer),
    )
    if prompt.goes_on:
        answer.follow(prompt.tokens[-1])
    return answer
