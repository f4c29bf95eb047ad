"""A program that compiles grammars, within a limit on its time: one that takes the compiler too long ends this alone.

It reads a JSON list of grammars, and writes for each a line of JSON: the problem with it, or an empty text. It is run
by its path and imports nothing of ours.
"""

import json
import re
import resource
import sys

from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper

CPU_SECONDS = 2
FIRST_BYTES = 8
BYTES = 256
# How a grammar names a token that no text is made of.
SPECIAL = re.compile(r"<\[([0-9]{1,6})\]>")
# A state takes one or two kilobytes, of each answer.
LIMITS = LLParserLimits(max_lexer_states=50_000, verbose_errors=False)


class Alphabet:
    """A vocabulary of the single bytes and of a grammar's own tokens: to make the model's takes a second."""

    bos_token_id = None

    def __init__(self, special: set[int]) -> None:
        self.tokens = [b""] * (max(special, default=0) + BYTES + 2)
        for number in special:
            self.tokens[number] = b"\xff<[%d]>" % number
        free = (number for number, token in enumerate(self.tokens) if not token)
        self._numbers = [next(free) for _ in range(BYTES)]
        for byte, number in enumerate(self._numbers):
            self.tokens[number] = bytes([byte])
        self.eos_token_id = len(self.tokens) - 1
        self.tokens[-1] = b"\xff<end>"

    def __call__(self, text: bytes) -> list[int]:
        return [self._numbers[byte] for byte in text]


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    for grammar in json.load(sys.stdin):
        print(json.dumps(problem(grammar)), flush=True)


def problem(grammar: str) -> str:
    alphabet = Alphabet({int(number) for number in SPECIAL.findall(grammar)})
    matcher = LLMatcher(LLTokenizer(TokenizerWrapper(alphabet)), grammar, log_level=0, limits=LIMITS)
    # The beginning of an answer shows a grammar that nothing can satisfy, or that has too many choices.
    for _ in range(FIRST_BYTES):
        allowed = int.from_bytes(matcher.compute_bitmask(), "little")
        if matcher.is_stopped():
            break
        matcher.consume_token((allowed & -allowed).bit_length() - 1)
    return matcher.get_error()


if __name__ == "__main__":
    main()
