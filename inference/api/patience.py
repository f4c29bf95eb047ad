"""What the vendors' SDKs tell of the client itself: how long it waits for an answer, and that it asks again."""

import math
from collections.abc import Mapping
from typing import Any

# OpenAI's SDKs have the first in Python and the second elsewhere, Anthropic's have both.
WAITS = ("HTTP_X_STAINLESS_READ_TIMEOUT", "HTTP_X_STAINLESS_TIMEOUT")
RETRIES = "HTTP_X_STAINLESS_RETRY_COUNT"

type Meta = Mapping[str, Any]  # As Django has it: headers among other things.


def patience(meta: Meta) -> float:
    """Seconds until the client leaves; infinite where it does not say, or says what cannot be meant."""
    return min(_seconds(meta.get(name, "")) for name in WAITS)


def retries(meta: Meta) -> int:
    """How often the client has asked the same before."""
    text = meta.get(RETRIES, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        return math.inf
    # An SDK that counts whole seconds says 0 for less than one.
    return seconds if seconds > 0 else math.inf
