"""What becomes of each field of a request between two protocols: the table that a change of behaviour must change.

`docs/protocols.md` shows the same to users, and a test compares the two.
"""

from tests.inference.protocols.dispositions import (
    anthropic_to_local,
    anthropic_to_openai,
    openai_to_anthropic,
    openai_to_local,
)
from tests.inference.protocols.dispositions.row import Row

# By the heading under which the documentation has them.
TABLES: dict[str, list[Row]] = {
    "From OpenAI clients to Anthropic": openai_to_anthropic.ROWS,
    "From OpenAI clients to a local model": openai_to_local.ROWS,
    "From Anthropic clients to OpenAI": anthropic_to_openai.ROWS,
    "From Anthropic clients to a local model": anthropic_to_local.ROWS,
}
