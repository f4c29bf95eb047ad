"""What one answer may go on with, token by token: the one module of the worker's process that runs llguidance."""

from functools import lru_cache

import numpy as np
from llguidance import LLMatcher, LLTokenizer
from numpy.typing import NDArray

from inference.worker.adapter import TokenizerWrapper
from inference.worker.forms import too_much
from inference.worker.schema_trial import LIMITS

# As many as there are tokenizers.
KEPT = 3


class Constraint:
    """Made on one thread and used on another, by one at a time. `param` is the client's field that asks for it."""

    def __init__(self, matcher: LLMatcher, param: str) -> None:
        self._matcher = matcher
        self.param = param

    def advance(self, token: int) -> None:
        if not self._matcher.is_stopped():
            self._matcher.consume_token(token)

    def allowed(self) -> NDArray[np.bool_]:
        """Which tokens may follow, up to the last that the tokenizer knows. At the end it is the end of text alone."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        return np.unpackbits(bits, bitorder="little").view(np.bool_)

    @property
    def has_failed(self) -> bool:
        """What followed was too much to compute: the answer ends as if it were whole, and is not."""
        return self._matcher.is_error()


def constraint(grammar: str, tokenizer: TokenizerWrapper, *, param: str) -> Constraint:
    """Raises GatewayError where the grammar is too much for this vocabulary; it was tried with a smaller one."""
    matcher = LLMatcher(vocabulary(tokenizer), grammar, log_level=0, limits=LIMITS)
    if matcher.is_error():
        raise too_much(param)
    return Constraint(matcher, param)


@lru_cache(maxsize=KEPT)
def vocabulary(tokenizer: TokenizerWrapper) -> LLTokenizer:
    """Takes about a second for a large one."""
    return LLTokenizer(tokenizer.backend_tokenizer.to_str(), eos_token=sorted(tokenizer.eos_token_ids))
