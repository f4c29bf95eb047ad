"""Where a prompt is likely to come again: at the end of its system part, and at the end of its last turn.

Models whose state cannot be cut back profit only from what was kept at such a place.
"""

from collections import OrderedDict
from itertools import takewhile

import msgspec

from inference import ir
from inference.errors import GatewayError
from inference.protocols import wire
from inference.protocols.native import Job
from inference.worker import prompts
from inference.worker.adapter import TokenizerWrapper

# No message begins so.
OTHER = (ir.Message("user", (ir.Text("\u2021"),)),)
REMEMBERED = 16


class Borders:
    def __init__(self, tokenizer: TokenizerWrapper) -> None:
        self._tokenizer = tokenizer
        # By system part: the tokens of a conversation that has it, and says something else.
        self._others: OrderedDict[bytes, list[int]] = OrderedDict()

    def find(self, job: Job, tokens: list[int]) -> tuple[int, ...]:
        """How many tokens stand before each, the last of them being within the prompt."""
        if job.prompt is not None:
            return (len(tokens) - 1,)
        end = len(tokens) - max(1, self._opening(job, tokens))
        system = same(self._other(job), tokens)
        return tuple(border for border in (system, end) if 0 < border <= end)

    def _other(self, job: Job) -> list[int]:
        request = job.request
        key = wire.encode((request.system, request.tools, request.tool_choice, job.thinking))
        if key not in self._others:
            other = msgspec.structs.replace(request, messages=OTHER)
            self._others[key] = self._render(msgspec.structs.replace(job, request=other), opens=True)
            if len(self._others) > REMEMBERED:
                self._others.popitem(last=False)
        self._others.move_to_end(key)
        return self._others[key]

    def _opening(self, job: Job, tokens: list[int]) -> int:
        """The length of what the template writes after the last turn, where the prompt ends so."""
        plain = msgspec.structs.replace(job, request=ir.Request(job.model, OTHER))
        closed, opened = (self._render(plain, opens=opens) for opens in (False, True))
        tail = opened[same(closed, opened) :]
        return len(tail) if tail and tokens[-len(tail) :] == tail else 0

    def _render(self, job: Job, *, opens: bool) -> list[int]:
        try:
            text = prompts.render_text(job, self._tokenizer, opens=opens)
        except GatewayError:
            return []
        tokens: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return tokens


def same(one: list[int], other: list[int]) -> int:
    """How many tokens are the same at the beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
