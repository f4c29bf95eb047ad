"""A program that compiles schemas, within a limit on its time: one that takes the compiler too long ends this alone.

It reads a JSON list of schemas, and writes for each a line of JSON: the problem with it, or an empty text. It is run by
its path and imports nothing of ours.
"""

import json
import resource
import sys

from llguidance import LLMatcher, LLParserLimits, LLTokenizer

CPU_SECONDS = 2
FIRST_BYTES = 8
# A state takes one or two kilobytes, of each answer.
LIMITS = LLParserLimits(max_lexer_states=50_000, verbose_errors=False)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    tokenizer = LLTokenizer("byte")
    for schema in json.load(sys.stdin):
        print(json.dumps(problem(schema, tokenizer)), flush=True)


def problem(schema: str, tokenizer: LLTokenizer) -> str:
    matcher = LLMatcher(tokenizer, f"start: body\nbody: %json {schema}", log_level=0, limits=LIMITS)
    # The beginning of an answer shows a schema that nothing can satisfy, or that has too many choices.
    for _ in range(FIRST_BYTES):
        allowed = int.from_bytes(matcher.compute_bitmask(), "little")
        if matcher.is_stopped():
            break
        matcher.consume_token((allowed & -allowed).bit_length() - 1)
    return matcher.get_error()


if __name__ == "__main__":
    main()
