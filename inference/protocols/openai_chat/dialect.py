"""What OpenAI's own models want otherwise than the many servers that speak their protocol, told by the model's name."""

import re
from dataclasses import dataclass

OPENAI = re.compile(r"(?:openai/)?(?:gpt-(?!oss)|chatgpt-|o\d|codex-)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """`stop_limit` None: as many as the client likes."""

    max_tokens_field: str
    user_field: str | None
    reads_reasoning: bool
    extended_sampling: bool
    empty_content: str | None
    stop_limit: int | None


GENUINE = Dialect(
    max_tokens_field="max_completion_tokens",
    user_field="safety_identifier",
    reads_reasoning=False,
    extended_sampling=False,
    empty_content=None,
    stop_limit=4,
)
COMPATIBLE = Dialect(
    max_tokens_field="max_tokens",
    user_field=None,
    reads_reasoning=True,
    extended_sampling=True,
    empty_content="",
    stop_limit=None,
)


def dialect_of(model: str) -> Dialect:
    return GENUINE if OPENAI.match(model) else COMPATIBLE
